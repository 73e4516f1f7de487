//! A master file as words (RFC 1035 section 5.1). Words are slices of the text: nothing is copied
//! until a field knows what it wants.

use crate::fault::{Fault, shown};

/// One word: between blanks, or between quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'t> {
    /// Its octets, escapes as they were written, quotes not included.
    pub(crate) octets: &'t [u8],
    /// Where it begins.
    pub(crate) at: usize,
    pub(crate) is_quoted: bool,
}

/// Reads one entry after the other. An entry is a line, or several inside parentheses.
pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    /// Where the parentheses that are open were opened.
    open: usize,
    open_at: usize,
    peeked: Option<Word<'t>>,
}

/// Is this octet more than a part of a word that is not quoted?
#[inline]
const fn is_stop(octet: u8) -> bool {
    matches!(
        octet,
        b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"' | b'\\'
    )
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            open: 0,
            open_at: 0,
            peeked: None,
        }
    }

    /// Where the next octet is read.
    pub(crate) fn offset(&self) -> usize {
        self.peeked.map_or(self.at, |word| word.at)
    }

    /// Is everything read?
    pub(crate) fn is_at_end(&self) -> bool {
        self.peeked.is_none() && self.at >= self.text.len()
    }

    /// At the start of an entry: does it begin with a blank, so that its owner is the last one?
    pub(crate) fn starts_blank(&self) -> bool {
        self.text
            .get(self.at)
            .is_some_and(|octet| matches!(octet, b' ' | b'\t'))
    }

    /// The next word of this entry; None at its end.
    #[inline]
    pub(crate) fn word(&mut self) -> Result<Option<Word<'t>>, Fault> {
        if let Some(word) = self.peeked.take() {
            return Ok(Some(word));
        }
        self.skip_blanks()?;
        let start = self.at;
        match self.text.get(start) {
            None | Some(b'\n') => Ok(None),
            Some(b'"') => self.quoted().map(Some),
            Some(_) => {
                self.at = self.word_end(start);
                let octets = self.text.get(start..self.at).unwrap_or_default();
                Ok(Some(Word {
                    octets,
                    at: start,
                    is_quoted: false,
                }))
            }
        }
    }

    /// The next word, left where it is.
    pub(crate) fn peek(&mut self) -> Result<Option<Word<'t>>, Fault> {
        if self.peeked.is_none() {
            self.peeked = self.word()?;
        }
        Ok(self.peeked)
    }

    /// The next word, which must be there; `what` it is goes into the problem.
    #[inline]
    pub(crate) fn need(&mut self, what: &str) -> Result<Word<'t>, Fault> {
        match self.word()? {
            Some(word) => Ok(word),
            None => Err(Fault::new(self.at, "zone.rdata.missing", || {
                format!("{what} is missing")
            })),
        }
    }

    /// The end of the entry, and the line's end with it.
    #[inline]
    pub(crate) fn end_entry(&mut self) -> Result<(), Fault> {
        if let Some(word) = self.word()? {
            return Err(Fault::new(word.at, "zone.rdata.surplus", || {
                let text = shown(word.octets);
                format!("\"{text}\" is more than the record has room for")
            }));
        }
        if self.open > 0 {
            return Err(self.unclosed());
        }
        self.at += 1;
        Ok(())
    }

    /// Skip what is left of a faulty entry, so that reading goes on behind it. Where it never ends,
    /// that is the likelier fault, and it is given back.
    pub(crate) fn skip_entry(&mut self) -> Option<Fault> {
        self.peeked = None;
        let fault = loop {
            match self.word() {
                Ok(Some(_)) => (),
                Ok(None) => break None,
                Err(fault) => {
                    self.at = self.line_end(self.at);
                    break (self.open > 0).then_some(fault);
                }
            }
        };
        self.open = 0;
        self.at += 1;
        fault
    }

    /// The rest of the line as it stands.
    pub(crate) fn rest_of_line(&mut self) -> &'t [u8] {
        let start = self.offset();
        self.peeked = None;
        let end = self.line_end(start);
        self.at = end + 1;
        self.text.get(start..end).unwrap_or_default()
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|octet| *octet == b'\n')
            .unwrap_or(rest.len());
        from + length
    }

    #[inline]
    fn skip_blanks(&mut self) -> Result<(), Fault> {
        while let Some(octet) = self.text.get(self.at) {
            match octet {
                b' ' | b'\t' | b'\r' => (),
                b'\n' if self.open > 0 => (),
                b';' => {
                    self.at = self.line_end(self.at);
                    continue;
                }
                b'(' => {
                    self.open += 1;
                    self.open_at = self.at;
                }
                b')' => {
                    self.open = self.open.checked_sub(1).ok_or_else(|| {
                        Fault::new(self.at, "zone.syntax.parenthesis", || {
                            "a closing parenthesis without an opening one".to_owned()
                        })
                    })?;
                }
                _ => return Ok(()),
            }
            self.at += 1;
        }
        if self.open > 0 {
            Err(self.unclosed())
        } else {
            Ok(())
        }
    }

    fn unclosed(&self) -> Fault {
        Fault::new(self.open_at, "zone.syntax.parenthesis", || {
            "the parenthesis is never closed".to_owned()
        })
    }

    #[inline]
    fn word_end(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let plain = rest.iter().position(|octet| is_stop(*octet));
            at += plain.unwrap_or(rest.len());
            match self.text.get(at..) {
                Some([b'\\', next, ..]) if *next != b'\n' => at += 2,
                Some([b'\\', ..]) => at += 1,
                _ => return at,
            }
        }
    }

    fn quoted(&mut self) -> Result<Word<'t>, Fault> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') if self.text.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
                None | Some(b'\n') => {
                    return Err(Fault::new(self.at, "zone.syntax.quote", || {
                        "the quote is not closed on its line".to_owned()
                    }));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        let octets = self.text.get(start..at).unwrap_or_default();
        Ok(Word {
            octets,
            at: start - 1,
            is_quoted: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<Vec<String>>, String> {
        let mut lexer = Lexer::new(text.as_bytes());
        let mut entries = Vec::new();
        while !lexer.is_at_end() {
            let mut entry = Vec::new();
            while let Some(word) = lexer.word().map_err(|fault| fault.message)? {
                entry.push(String::from_utf8_lossy(word.octets).into_owned());
            }
            lexer.end_entry().map_err(|fault| fault.message)?;
            entries.push(entry);
        }
        Ok(entries)
    }

    /// RFC 1035 section 5.1.
    #[test]
    fn entries_are_lines_or_parentheses() {
        let read = words("a b ; c\nd (e ; f\n g) h\r\n\n\"i ; j\" k\\;l\nend").unwrap();
        let expected: &[&[&str]] = &[
            &["a", "b"],
            &["d", "e", "g", "h"],
            &[],
            &["i ; j", "k\\;l"],
            &["end"],
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_opened_must_be_closed() {
        assert!(words("a (b\n c\n").unwrap_err().contains("never closed"));
        assert!(words("a ) b\n").unwrap_err().contains("without an opening"));
        assert!(words("a \"b\nc\"\n").unwrap_err().contains("quote"));
    }
}
