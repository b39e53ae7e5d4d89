//! One sample out of a direct `ByteBuffer` into the recorder, and a piece of a clip into a player's
//! array: the only calls made for every frame, so they go by JNI and not through uniffi. All of the
//! workspace's `unsafe` is in this file.
//!
//! Kotlin's side is `custos.ffi.FastPath`. A Rust panic reaches it as `RustPanicException`, every
//! refusal as the exception named for it; nothing unwinds into the JVM.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(unsafe_code)]

use std::{any::Any, slice};

use jni::{
    Env, EnvUnowned,
    errors::{Error as JniError, ErrorPolicy},
    jni_str,
    objects::{JByteArray, JByteBuffer, JClass},
    strings::{JNIStr, JNIString},
    sys::{jbyte, jint, jlong},
};

use zeroize::Zeroizing;

use crate::{
    api::{reading, recording},
    sample::{self, Kind, Refusal},
};

/// `FastPath.append`: see [`sample::Kind`] for `track` and `flags`; `pts_us` in microseconds. How
/// far the disk is behind: [`sample::Pressure`].
#[unsafe(no_mangle)]
pub(crate) extern "system" fn Java_custos_ffi_FastPath_append<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    token: jlong,
    track: jint,
    pts_us: jlong,
    flags: jint,
    buffer: JByteBuffer<'local>,
    offset: jint,
    size: jint,
) -> jint {
    env.with_env(|env| -> Result<jint, Thrown> {
        let bytes = borrow(env, &buffer, offset, size)?;
        let pressure = recording::append(token, Kind::of(track, flags)?, pts_us, bytes)?;
        Ok(pressure as jint)
    })
    .resolve::<ThrowNamed>()
}

/// `FastPath.readAt`: fills `size` bytes of `array` from `offset` on with what stands at `position`;
/// how many, less than that at the end alone, or -1 where there is nothing.
#[unsafe(no_mangle)]
pub(crate) extern "system" fn Java_custos_ffi_FastPath_readAt<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    token: jlong,
    position: jlong,
    array: JByteArray<'local>,
    offset: jint,
    size: jint,
) -> jint {
    env.with_env(|env| -> Result<jint, Thrown> {
        if array.is_null() {
            return Err(Refusal::NullBuffer.into());
        }
        let target = sample::range(array.len(env)?, offset, size)?;
        let position = u64::try_from(position).map_err(|_| Refusal::Range)?;
        let mut done = 0;
        while done < target.len() {
            let piece = reading::read(token, position + done as u64, target.len() - done)?;
            if piece.is_empty() {
                break;
            }
            let signed = Zeroizing::new(
                piece
                    .iter()
                    .map(|byte| byte.cast_signed())
                    .collect::<Vec<jbyte>>(),
            );
            // Both fit: they are not beyond the array, whose length is a `jint`.
            array.set_region(env, (target.start + done) as jint, &signed)?;
            done += piece.len();
        }
        Ok(if done == 0 { -1 } else { done as jint })
    })
    .resolve::<ThrowNamed>()
}

/// `FastPath.panicOnPurpose`: lets a device check that it was built to survive a defect (a library
/// built with `panic = "abort"` would take the running recording with it).
#[unsafe(no_mangle)]
#[expect(clippy::panic, reason = "what it is for")]
pub(crate) extern "system" fn Java_custos_ffi_FastPath_panicOnPurpose<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
) {
    env.with_env(|_| -> Result<(), Thrown> { panic!("on {}", "purpose") })
        .resolve::<ThrowNamed>();
}

/// The part of `buffer` that holds the sample.
fn borrow<'buffer>(
    env: &Env<'_>,
    buffer: &'buffer JByteBuffer<'_>,
    offset: jint,
    size: jint,
) -> Result<&'buffer [u8], Thrown> {
    if buffer.is_null() {
        return Err(Refusal::NullBuffer.into());
    }
    // The JVM has no address for a buffer on its heap.
    let address = env
        .get_direct_buffer_address(buffer)
        .map_err(|_| Refusal::HeapBuffer)?;
    let capacity = env
        .get_direct_buffer_capacity(buffer)
        .map_err(|_| Refusal::HeapBuffer)?;
    let range = sample::range(capacity, offset, size)?;
    // SAFETY: the JVM says that `capacity` bytes from `address` are the buffer's memory, and `range`
    // lies within them. The local reference `buffer` keeps that memory alive for 'buffer, which
    // ends before the native method returns. `FastPath.append` forbids writing to the buffer
    // during the call; a codec's output buffer is the caller's alone until it is released.
    Ok(unsafe { slice::from_raw_parts(address.add(range.start), range.len()) })
}

/// What leaves a native method instead of a value.
#[derive(Debug)]
enum Thrown {
    Refused(Refusal),
    Jvm,
}

impl From<Refusal> for Thrown {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<JniError> for Thrown {
    fn from(_: JniError) -> Self {
        Self::Jvm
    }
}

/// Errors and panics become exceptions by name.
struct ThrowNamed;

impl<T: Default> ErrorPolicy<T, Thrown> for ThrowNamed {
    type Captures<'frame: 'method, 'method> = ();

    fn on_error<'frame: 'method, 'method>(
        env: &mut Env<'frame>,
        _: &mut (),
        error: Thrown,
    ) -> jni::errors::Result<T> {
        let (class, message) = match error {
            Thrown::Refused(refusal) => named(refusal),
            Thrown::Jvm => (
                jni_str!("custos/ffi/RustPanicException"),
                "the JVM refused a call of the library",
            ),
        };
        throw(env, class, message).map(|()| T::default())
    }

    fn on_panic<'frame: 'method, 'method>(
        env: &mut Env<'frame>,
        _: &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        let message = match (
            payload.downcast_ref::<&str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(text), _) => text,
            (None, Some(text)) => text.as_str(),
            (None, None) => "a panic without words",
        };
        throw(env, jni_str!("custos/ffi/RustPanicException"), message).map(|()| T::default())
    }
}

/// The exception of a refusal, and its message.
fn named(refusal: Refusal) -> (&'static JNIStr, &'static str) {
    match refusal {
        Refusal::NullBuffer => (
            jni_str!("custos/ffi/NullBufferException"),
            "no buffer was given",
        ),
        Refusal::HeapBuffer => (
            jni_str!("custos/ffi/HeapBufferException"),
            "samples come in direct buffers",
        ),
        Refusal::Range => (
            jni_str!("custos/ffi/SampleRangeException"),
            "offset and size do not name bytes of the buffer",
        ),
        Refusal::Kind => (
            jni_str!("custos/ffi/SampleKindException"),
            "no such track or flag",
        ),
        Refusal::Closed => (
            jni_str!("custos/ffi/RecordingClosedException"),
            "the recording has ended",
        ),
        // The word alone: Kotlin's side maps it as it maps uniffi's errors.
        Refusal::Recorder(code) => (jni_str!("custos/ffi/SampleRefusedException"), code),
        Refusal::Reader(code) => (jni_str!("custos/ffi/ReadRefusedException"), code),
    }
}

/// Throws, unless something is being thrown already. A build that lost our classes still throws:
/// returning would mean that the sample was taken.
fn throw(env: &mut Env<'_>, class: &JNIStr, message: &str) -> jni::errors::Result<()> {
    if env.exception_check() {
        return Ok(());
    }
    let message = JNIString::from(message);
    match env.throw_new(class, &message) {
        Ok(()) | Err(JniError::JavaException) => return Ok(()),
        Err(_) => {}
    }
    match env.throw_new(jni_str!("java/lang/IllegalStateException"), &message) {
        Ok(()) | Err(JniError::JavaException) => Ok(()),
        Err(error) => Err(error),
    }
}
