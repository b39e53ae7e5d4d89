//! A disk that is out to lose data: a file system in memory, mounted through FUSE, that keeps
//! what is durable apart from what is merely written, can be cut from power at any operation, and
//! can let any operation fail.
//!
//! It gives what POSIX promises and not more:
//!
//! - a write or a change of length is durable after `fsync` or `fdatasync` of that file;
//! - a name (create, rename, remove) is durable after `fsync` of the folder that holds it; that
//!   of the file does not make it so;
//! - a power cut keeps, drops or tears whatever was not: any sectors of a file in any order, its
//!   length apart from its contents; names in their order, a rename as one;
//! - after an `fsync` that failed, what it should have made durable never will be, although it
//!   can still be read (as Linux does it: the pages count as clean).
//!
//! Disks live in a process of their own, the program `hostile-disk`: whoever maps a file of a disk
//! holds the lock on its memory while it waits for the page, and a disk in the same process would
//! wait for that lock.
//!
//! # Layout
//!
//! - [`Disk`], [`Image`] (`client`): mounting, cutting the power, what is there afterwards
//! - `server`: the process with the disks in it; `wire`: what is said between the two
//! - `tree`: files, folders, and what can be done with them
//! - `pending`: what is not durable yet, and what a power cut leaves of it
//! - [`Plan`], [`Site`] (`faults`): counting operations, and letting one fail
//! - `state`: one disk with all of that; `fuse`: as the kernel sees it

mod client;
mod faults;
mod fuse;
mod pending;
mod server;
mod state;
mod tree;
mod wire;

pub use self::{
    client::{Disk, Image, unavailable},
    faults::{Errno, Op, Plan, Site},
    server::serve,
};
