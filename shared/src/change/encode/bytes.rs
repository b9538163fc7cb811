//! Variable-length numbers, and a reader that cannot read past the end.

use uuid::Uuid;

use super::DecodeError;
use crate::domain::value::ValueShape;

/// The most members of a list value; lists of records have far less.
pub(super) const MEMBERS_MAX: usize = 1_000;

pub(super) fn put_unsigned(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_unsigned(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn value_shape(byte: u8) -> Result<ValueShape, DecodeError> {
    use ValueShape::{Bytes, Id, Ids, Int, Null, Numbers, Text, Texts};
    [Null, Int, Text, Id, Bytes, Numbers, Texts, Ids]
        .into_iter()
        .find(|shape| *shape as u8 == byte)
        .ok_or(DecodeError("value shape"))
}

/// Reads from the front of a slice.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError(what))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn unsigned(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError(what));
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError(what))
    }

    pub(super) fn signed(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        let number = self.unsigned(what)?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A count of things of at least one byte each, so that it cannot announce more than there is.
    pub(super) fn count(&mut self, max: usize, what: &'static str) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.unsigned(what)?).map_err(|_| DecodeError(what))?;
        if count > max || count > self.rest.len() {
            Err(DecodeError(what))
        } else {
            Ok(count)
        }
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError(what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.unsigned(what)?).map_err(|_| DecodeError(what))?;
        self.take(length, what)
    }

    /// A count, and so many pieces of `size` bytes.
    pub(super) fn bytes_of(&mut self, size: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let count = usize::try_from(self.unsigned(what)?).map_err(|_| DecodeError(what))?;
        self.take(count.checked_mul(size).ok_or(DecodeError(what))?, what)
    }

    pub(super) fn uuid(&mut self, what: &'static str) -> Result<Uuid, DecodeError> {
        self.take(16, what)
            .and_then(|bytes| Uuid::from_slice(bytes).map_err(|_| DecodeError(what)))
    }
}
