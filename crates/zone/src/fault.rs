//! One fault at an offset of a text, before file and line are known.

/// What is wrong, and where in the text.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The offset of the offending octet.
    pub(crate) at: usize,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    /// The message is made here, off the path of good files.
    #[cold]
    pub(crate) fn new(at: usize, code: &'static str, message: impl FnOnce() -> String) -> Self {
        Self {
            at,
            code,
            message: message(),
        }
    }
}
