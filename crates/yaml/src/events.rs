//! The parser's events, as far as they are plain.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use saphyr_parser::{BufferedInput, Parser, ScalarStyle, Span};

use crate::line;

/// Something that other readers may understand in another way, or a fault.
#[derive(Debug, PartialEq, Eq)]
pub struct Doubtful;

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A document begins.
    Document,
    /// A mapping begins: keys and values follow in turn.
    Mapping,
    /// A sequence begins.
    Sequence,
    /// The last mapping or sequence that began ends.
    End,
    /// A word whose looks decide what it means.
    Plain,
    /// A word that means itself.
    Quoted,
}

/// An event and where it begins: both from 1, in characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// What it says.
    pub kind: Kind,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// A word's text; else nothing.
    pub text: String,
}

/// The events of a text, one after the other; after a doubt they say nothing any more.
pub struct PlainYaml {
    text: Arc<str>,
    /// Where each line begins.
    lines: Vec<usize>,
    parser: Parser<'static, BufferedInput<Characters>>,
    /// A sequence waits for what follows, which shows where it begins; what follows it then waits for its turn.
    waiting: Option<Event>,
}

impl PlainYaml {
    /// Of a whole text.
    ///
    /// # Errors
    /// There is a doubt about one of its lines.
    pub fn new(text: &str) -> Result<Self, Doubtful> {
        let mut lines = Vec::new();
        let mut begin = 0;
        for line in text.split('\n') {
            if !line::is_plain(line) {
                return Err(Doubtful);
            }
            lines.push(begin);
            begin += line.len() + 1;
        }
        let text: Arc<str> = Arc::from(text);
        let characters = Characters {
            text: Arc::clone(&text),
            at: 0,
        };
        let parser = Parser::new_from_iter(characters);
        Ok(Self {
            text,
            lines,
            parser,
            waiting: None,
        })
    }

    /// The next event; None: there are no more.
    ///
    /// # Errors
    /// There is a doubt, and the events so far are not to be used.
    pub fn next_event(&mut self) -> Result<Option<Event>, Doubtful> {
        let event = match self.waiting.take() {
            Some(event) => Some(event),
            None => self.parsed()?,
        };
        let Some(mut event) = event else {
            return Ok(None);
        };
        if event.kind == Kind::Sequence {
            let next = self.parsed()?.ok_or(Doubtful)?;
            self.settle(&mut event, &next)?;
            self.waiting = Some(next);
        }
        Ok(Some(event))
    }

    fn parsed(&mut self) -> Result<Option<Event>, Doubtful> {
        loop {
            let Some(found) = contained(|| self.parser.next_event())? else {
                return Ok(None);
            };
            let (event, span) = found.map_err(|_| Doubtful)?;
            if let Some(event) = plain(event, span)? {
                return Ok(Some(event));
            }
        }
    }

    /// Say where a sequence begins: with its dash, also where that is not indented, which the parser places behind it.
    fn settle(&self, sequence: &mut Event, next: &Event) -> Result<(), Doubtful> {
        let line = self.line(sequence.line).ok_or(Doubtful)?;
        let first = line.chars().nth(sequence.column.saturating_sub(1));
        let is_behind = (next.line, next.column) == (sequence.line, sequence.column);
        if is_behind || !matches!(first, Some('[' | '-')) {
            sequence.column = line::dash(line).ok_or(Doubtful)?;
        }
        Ok(())
    }

    fn line(&self, number: usize) -> Option<&str> {
        let begin = *self.lines.get(number.checked_sub(1)?)?;
        let end = self
            .lines
            .get(number)
            .map_or(self.text.len(), |next| next - 1);
        self.text.get(begin..end)
    }
}

/// What somebody wrote into a file must not end a server, whatever the parser thinks of it.
fn contained<T>(step: impl FnOnce() -> T) -> Result<T, Doubtful> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|_| Doubtful)
}

/// An event of the parser as one of ours; None for one that says nothing.
fn plain(event: saphyr_parser::Event<'static>, span: Span) -> Result<Option<Event>, Doubtful> {
    use saphyr_parser::Event as Parsed;
    let (kind, text) = match event {
        Parsed::Nothing | Parsed::StreamStart | Parsed::StreamEnd | Parsed::DocumentEnd => {
            return Ok(None);
        }
        Parsed::DocumentStart(_) => (Kind::Document, String::new()),
        Parsed::MappingStart(0, None) => (Kind::Mapping, String::new()),
        Parsed::SequenceStart(0, None) => (Kind::Sequence, String::new()),
        Parsed::MappingEnd | Parsed::SequenceEnd => (Kind::End, String::new()),
        Parsed::Scalar(text, style, 0, None) if span.start.line() == span.end.line() => match style
        {
            ScalarStyle::Plain if line::is_plain_word(&text) => (Kind::Plain, text.into_owned()),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if line::is_bearable(&text) => {
                (Kind::Quoted, text.into_owned())
            }
            _ => return Err(Doubtful),
        },
        _ => return Err(Doubtful),
    };
    let (line, column) = (span.start.line(), span.start.col() + 1);
    Ok(Some(Event {
        kind,
        line,
        column,
        text,
    }))
}

/// A text that is owned, character by character.
struct Characters {
    text: Arc<str>,
    at: usize,
}

impl Iterator for Characters {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let character = self.text.get(self.at..)?.chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Result<Vec<String>, Doubtful> {
        let mut reader = PlainYaml::new(text)?;
        let mut found = Vec::new();
        while let Some(Event {
            kind,
            line,
            column,
            text,
        }) = reader.next_event()?
        {
            found.push(
                format!("{line}:{column} {kind:?} {text}")
                    .trim_end()
                    .to_owned(),
            );
        }
        Ok(found)
    }

    #[test]
    fn values_are_told_with_their_places() {
        let found = events("# of a server\na: {b: [1, 'x y']} # c\n\n\"d\":\n  é: -2\n").unwrap();
        let expected = [
            "1:1 Document",
            "2:1 Mapping",
            "2:1 Plain a",
            "2:4 Mapping",
            "2:5 Plain b",
            "2:8 Sequence",
            "2:9 Plain 1",
            "2:12 Quoted x y",
            "2:17 End",
            "2:18 End",
            "4:1 Quoted d",
            "5:3 Mapping",
            "5:3 Plain é",
            "5:6 Plain -2",
            "6:1 End",
            "6:1 End",
        ];
        assert_eq!(found[1..], expected[1..]);
    }

    #[test]
    fn a_sequence_begins_with_its_dash_indented_or_not() {
        for (text, place) in [
            ("a:\n- b\n", "2:1 Sequence"),
            ("a:\n- [b]\n", "2:1 Sequence"),
            ("a:\n- -1\n", "2:1 Sequence"),
            ("a:\n-   b: c\n", "2:1 Sequence"),
            ("a:\n- # of it\n  b\n", "2:1 Sequence"),
            ("a:\n  - b\n", "2:3 Sequence"),
            ("a:\n  b:\n  - c\n", "3:3 Sequence"),
            ("a: [b]\n", "1:4 Sequence"),
        ] {
            let found = events(text).unwrap();
            assert_eq!(
                found.iter().find(|each| each.contains("Sequence")).unwrap(),
                place,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_not_plain_and_what_is_faulty_is_doubtful() {
        for text in [
            "a: &b c",
            "a: *b",
            "a: !!str b",
            "a: &b {c: d}",
            "a: &b [c]",
            "a: !!map {b: c}",
            "a: !!seq [b]",
            "a: !!omap\n  - b\n",
            "!!seq\n- b\n",
            "a: &b\n- c\n",
            "a: !!seq\n  - b\n",
            "a:\n  &b\n  - c\n",
            "- &b [c]",
            "- !!seq [b]",
            "- &a - b",
            "a: &b\n  [c]",
            "a:",
            "a: |\n  b\n",
            "a: >\n  b\n",
            "a: b\n  c\n",
            "a: 'b\n  c'\n",
            "---\na: b\n",
            "a: [",
            "a: b: c",
            "[a: b, c: d",
            "{a, b",
            "<<: a",
            "[::1]",
            "a: b\n c: d\n",
            "\"a\\n\": b",
            "{a\n : b}",
        ] {
            assert_eq!(events(text), Err(Doubtful), "{text:?}");
        }
    }

    #[test]
    fn no_word_is_longer_than_a_key_may_be_quoted_or_not() {
        for (longest, is_plain) in [(1000, true), (1001, false)] {
            let word = "x".repeat(longest);
            for quote in ["", "'", "\""] {
                assert_eq!(
                    events(&format!("a: {quote}{word}{quote}")).is_ok(),
                    is_plain
                );
            }
        }
    }

    #[test]
    fn a_parser_that_panics_is_a_doubt() {
        assert_eq!(contained(|| 1), Ok(1));
        assert_eq!(contained::<()>(|| panic!("of the parser")), Err(Doubtful));
    }
}
