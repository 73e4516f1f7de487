//! The response in the making, and the name that is looked up at the moment.

use understudy_wire::{Name, NameBuf, Owner, Question, Rcode, Writer};

use crate::outcome::{CookieUse, ExtendedError, Subject, Transport};
use crate::server::Server;
use crate::steering::Picker;

/// A response in the making with what it depends on.
pub(crate) struct Response<'q, 'b, 'c> {
    pub(crate) writer: Writer<'b>,
    pub(crate) question: Question<'q>,
    pub(crate) transport: Transport,
    pub(crate) picker: Picker<'c>,
    pub(crate) server: &'c Server,
    /// What the client's cookies were worth.
    pub(crate) cookies: CookieUse,
    /// Why the code is what it is.
    pub(crate) error: Option<ExtendedError>,
    /// What the response is about, to a rate limit.
    pub(crate) subject: Subject,
    /// The target of the alias that the answer ends in so far. Handed on here and not in return
    /// values, which would be copied on every way up.
    pub(crate) alias: Option<NameBuf>,
}

impl Response<'_, '_, '_> {
    /// The outcome is this code, for this reason.
    pub(crate) fn refuse(&mut self, rcode: Rcode, error: ExtendedError) {
        self.writer.set_rcode(rcode);
        self.error = Some(error);
    }

    /// What is answered to the question is about its ancestor with so many labels.
    pub(crate) fn is_about(&mut self, sought: Sought<'_>, labels: usize, has_type: bool) {
        if sought.is_question {
            let labels = u8::try_from(labels).unwrap_or(u8::MAX);
            self.subject = Subject { labels, has_type };
        }
    }
}

/// A name on the way from the question to its answer: the question's own, or an alias' target.
#[derive(Clone, Copy)]
pub(crate) struct Sought<'n> {
    pub(crate) name: Name<'n>,
    pub(crate) is_question: bool,
}

impl<'n> Sought<'n> {
    /// The name as an owner in the response.
    pub(crate) fn owner(&self) -> Owner<'n> {
        if self.is_question {
            Owner::Question
        } else {
            Owner::Name(self.name)
        }
    }

    /// The name or one above it as an owner in the response.
    pub(crate) fn ending<'e>(&self, ending: Name<'e>) -> Owner<'e> {
        if self.is_question {
            Owner::QuestionEnding(ending)
        } else {
            Owner::Name(ending)
        }
    }
}
