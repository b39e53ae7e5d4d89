package custos.ffi

import java.nio.ByteBuffer

/**
 * The calls made for every frame. Everything else goes through the generated classes.
 *
 * libcustos.so is loaded by this class's own initialiser: where a system property `custos.library` names a file
 * (a desktop, a test) that one, else the one packed with the application.
 */
object FastPath {
    const val VIDEO = 0
    const val AUDIO = 1

    /** The flags of `MediaCodec.BufferInfo`. */
    const val KEY_FRAME = 1
    const val CODEC_CONFIG = 2

    /** What [append] says of the disk: it keeps up; it falls behind; the sample was dropped, and the journal says so. */
    const val LOW = 0
    const val HIGH = 1
    const val DROPPED = 2

    init {
        val file = System.getProperty("custos.library")
        if (file != null) System.load(file) else System.loadLibrary("custos")
    }

    /**
     * Hands one sample to the recorder. It is copied before this returns; nobody may write to [buffer] meanwhile.
     *
     * The buffer's position and limit are not looked at: the sample is [size] bytes from [offset].
     *
     * @param token of a running recording: `Recording.token()`
     * @param track [VIDEO]: one H.264 or H.265 access unit in Annex B form; [AUDIO]: one raw AAC frame
     * @param ptsUs presentation time in microseconds
     * @param flags [KEY_FRAME], [CODEC_CONFIG] (the parameter sets in Annex B form: H.264's SPS and PPS, `csd-0` and
     *   `csd-1` one after the other, or H.265's VPS, SPS and PPS, `csd-0`; or an AudioSpecificConfig; first)
     * @return [LOW], [HIGH] or [DROPPED]
     * @throws FastPathException one of its subclasses; the recording goes on unless it is [RecordingClosedException]
     */
    @JvmStatic
    external fun append(
        token: Long,
        track: Int,
        ptsUs: Long,
        flags: Int,
        buffer: ByteBuffer?,
        offset: Int,
        size: Int,
    ): Int

    /**
     * Fills [size] bytes of [buffer] from [offset] on with what stands at [position] of an opened clip.
     *
     * @param token of an open reader: `ClipReader.token()`
     * @return how many; fewer than [size] at the end alone, -1 where there is nothing
     * @throws FastPathException [ReadRefusedException], or one of those that speak of the buffer
     */
    @JvmStatic
    external fun readAt(token: Long, position: Long, buffer: ByteArray?, offset: Int, size: Int): Int

    /** Always throws [RustPanicException]: a check that this build survives a defect in the library. */
    @JvmStatic
    external fun panicOnPurpose()
}

/** A sample was not taken, or nothing was read, and why. */
sealed class FastPathException(message: String) : RuntimeException(message)

/** No buffer was given. */
class NullBufferException(message: String) : FastPathException(message)

/** The buffer is on the JVM's heap; `ByteBuffer.allocateDirect` makes the other kind. */
class HeapBufferException(message: String) : FastPathException(message)

/** Offset and size name no bytes, or bytes past the buffer. */
class SampleRangeException(message: String) : FastPathException(message)

/** A track or flag that has no meaning. */
class SampleKindException(message: String) : FastPathException(message)

/** The recording has ended, or there never was one of that token. */
class RecordingClosedException(message: String) : FastPathException(message)

/** The recorder refused the sample; [code] is the stable word for the reason. */
class SampleRefusedException(val code: String) : FastPathException(code)

/** The reader gives nothing: closed, locked, or the evidence does not authenticate; [code] is the stable word. */
class ReadRefusedException(val code: String) : FastPathException(code)

/** A defect in the library. The process goes on; what was committed stays committed. */
class RustPanicException(message: String) : FastPathException(message)
