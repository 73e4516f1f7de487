//! Records that are made once for all messages in which their zone is the question.

use super::records::{QUESTION, fixed_part};
use super::{Full, Writer};
use crate::compression::{Part, parts};
use crate::header::Section;
use crate::name::Name;
use crate::numbers::{Class, Rtype};

/// Append a record of class IN as it may stand anywhere in a message whose question is `origin`: of
/// its owner there are the labels before those of `origin`. Names are compressed against the question
/// alone. Rdata that fits no record was in no zone.
pub fn push_below_question(
    to: &mut Vec<u8>,
    (labels, origin): (&[u8], Name<'_>),
    (rtype, ttl): (Rtype, u32),
    rdata: &[u8],
) {
    to.extend_from_slice(labels);
    push_ending(to, origin);
    to.extend_from_slice(&fixed_part(rtype, Class::IN, ttl));
    let length_at = to.len();
    to.extend_from_slice(&[0; 2]);
    let mut rest = rdata;
    for part in parts(rtype) {
        match part {
            Part::Octets(count) => {
                let (octets, after) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
                to.extend_from_slice(octets);
                rest = after;
            }
            Part::Name => {
                let Ok((name, after)) = Name::split_from(rest) else {
                    break;
                };
                push_name(to, name, origin);
                rest = after;
            }
        }
    }
    to.extend_from_slice(rest);
    let length = u16::try_from(to.len() - length_at - 2).unwrap_or(u16::MAX);
    if let Some(field) = to.get_mut(length_at..length_at + 2) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

fn push_name(to: &mut Vec<u8>, name: Name<'_>, origin: Name<'_>) {
    let below = name.octets().len().checked_sub(origin.octets().len());
    let is_below = name.suffix(origin.label_count()) == Some(origin);
    match below.filter(|_| is_below) {
        Some(below) => {
            to.extend_from_slice(name.octets().get(..below).unwrap_or_default());
            push_ending(to, origin);
        }
        None => to.extend_from_slice(name.octets()),
    }
}

fn push_ending(to: &mut Vec<u8>, origin: Name<'_>) {
    match origin.octets() {
        [0] => to.push(0), // the root is shorter than a pointer to it
        _ => to.extend_from_slice(&QUESTION.to_be_bytes()),
    }
}

impl Writer<'_> {
    /// Write so many answers that [`push_below_question`] has made of the question's zone.
    ///
    /// # Errors
    /// No room; nothing was written.
    pub fn pressed(&mut self, count: usize, octets: &[u8]) -> Result<(), Full> {
        let mut counts = self.counts;
        counts.add(Section::Answer, u16::try_from(count).map_err(|_| Full)?)?;
        self.put(octets)?;
        self.counts = counts;
        Ok(())
    }
}
