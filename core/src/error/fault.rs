//! Why something is refused, where a caller has to tell one reason from another.

/// Why a receipt does not prove that the station holds *this* clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// Not a receipt at all, or a signature, proof or time in it does not hold.
    #[error("a signature or proof in it does not hold")]
    Invalid,
    /// It speaks of another clip.
    #[error("it is for another clip")]
    OtherClip,
    /// It speaks of other bytes: another length or another root.
    #[error("it is for other bytes")]
    OtherBytes,
    /// It speaks of another terminal's clip.
    #[error("it is for another terminal")]
    OtherTerminal,
}

/// Why a directive does not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DirectiveFault {
    /// Not a directive, or its signatures are not of people who may give it.
    #[error("it is not signed by people who may give it")]
    Signature,
    /// Too few distinct people signed.
    #[error("too few distinct people signed it")]
    Threshold,
    /// Addressed to another terminal.
    #[error("it is addressed to another terminal")]
    Addressee,
    /// Given to an earlier or later provisioning of this terminal.
    #[error("it is for another provisioning of this terminal")]
    Epoch,
    /// Its sequence number has been used.
    #[error("its sequence number has been used")]
    Sequence,
    /// Past its time.
    #[error("it has expired")]
    Expired,
    /// An action this terminal does not know.
    #[error("this terminal does not know the action")]
    Unknown,
}

/// Why a ticket does not provision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketFault {
    #[error("it is malformed")]
    Malformed,
    #[error("it has expired")]
    Expired,
    #[error("it has been used")]
    Used,
    /// The station does not know it.
    #[error("the station does not know it")]
    Unknown,
}

/// Why an evidence file does not open, or a part of it is not given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    /// Not an age v1 file, or its header is not in the form of C2SP age.md.
    #[error("it is not an age file")]
    NotAge,
    /// Its header has more than 64 KiB.
    #[error("its header is too large")]
    HeaderTooLarge,
    /// Its header is not the one that was sealed.
    #[error("its header was altered")]
    HeaderAltered,
    /// It is not sealed to who wants to open it.
    #[error("it is not sealed to this officer")]
    OtherRecipient,
    /// It ends inside its header or inside a chunk, or is shorter than what was sealed.
    #[error("a part of it is missing")]
    Truncated,
    /// It ends with a whole chunk that was not the last one.
    #[error("its end is missing")]
    NoEnd,
    /// It goes on after its last chunk, or is longer than what was sealed.
    #[error("something follows its end")]
    Trailing,
    /// A chunk is not what was sealed.
    #[error("a part of it was altered")]
    Altered,
    /// It is authentic, but not the fragmented MP4 that it should be.
    #[error("what is inside is not the media that it should be")]
    NotMedia,
}

/// Why a law pack is not taken, or a question to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackFault {
    /// The folder holds no laws, or a file that is none.
    #[error("the folder holds no laws, or a file that cannot be read as one")]
    Source,
    /// Not a pack, or one of another format.
    #[error("the file is not a law pack that this program knows")]
    Malformed,
    /// Nobody who may sign packs signed it.
    #[error("nobody who may sign packs signed it")]
    Signature,
    /// Its bytes are not those that were signed.
    #[error("its bytes are not those that were signed")]
    Altered,
    /// The one that is installed is as new or newer.
    #[error("the one that is installed is as new or newer")]
    Older,
    /// None is installed.
    #[error("none is installed")]
    Missing,
    /// A delta for another one than is installed.
    #[error("the delta is for another one than is installed")]
    Base,
    /// No more bookmarks fit.
    #[error("there are five hundred bookmarks already")]
    Full,
    /// No law of that name is in it.
    #[error("it holds no law of that name")]
    UnknownLaw,
    /// The law has no article of that number.
    #[error("the law has no article of that number")]
    UnknownArticle,
    /// Not a date.
    #[error("a date is written 2026-01-31")]
    Date,
}
