//! # Layout
//!
//! What a person triggers, one file a concern; each function converts, delegates and returns.
//!
//! - [`about`]: the library itself; [`keys`]: where the key-encryption key lives
//! - [`terminal`]: provisioning, state, directives, sync; [`officer`]: a duty and its evidence;
//!   [`recording`]: one clip while it grows; [`reading`]: one that is looked at
//! - [`grants`]: what others recorded and the officer may see for a time
//! - [`lookup`]: what an officer asks registries
//! - [`sheets`]: photos, notes, what is said of a recording
//! - [`laws`]: the law library, and what an officer keeps of it
//! - [`records`]: plain data; [`supplies`]: storage, modes and the policy as such

pub mod about;
pub mod grants;
pub mod keys;
pub mod laws;
pub mod lookup;
pub mod officer;
pub mod reading;
pub mod recording;
pub mod records;
pub mod sheets;
pub mod supplies;
pub mod terminal;
