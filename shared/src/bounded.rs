//! Lists from outside, read no further than their bound. Postcard announces a count before a list, and serde makes room
//! as elements come: 16 KB of DEFLATE may announce and hold 8,000,000 empty ones, which are 256 MB in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What crosses a boundary in postcard. Each of its lists is bounded or has elements that are hardly larger in
/// memory than on the wire; `protocol/bounds_tests.rs` goes through all of them.
pub trait Message: DeserializeOwned {}

/// A message, and nothing behind it.
pub(crate) fn read<T: Message>(bytes: &[u8]) -> Option<T> {
    let (message, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(message)
}

/// For `#[serde(deserialize_with)]`: a list of at most `MAX` elements.
pub(crate) fn list<'de, const MAX: usize, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(List::<MAX, T>(PhantomData))
}

/// For `#[serde(deserialize_with)]`: a map of at most `MAX` entries.
pub(crate) fn map<'de, const MAX: usize, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Map::<MAX, K, V>(PhantomData))
}

/// An announced count that is too large is refused before anything of the list is read.
fn check<E: Error>(count: Option<usize>, max: usize) -> Result<usize, E> {
    let count = count.unwrap_or_default();
    match count <= max {
        true => Ok(count),
        false => Err(E::invalid_length(count, &"fewer")),
    }
}

struct List<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for List<MAX, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Vec<T>, A::Error> {
        check::<A::Error>(from.size_hint(), MAX)?;
        let mut list = Vec::new();
        while let Some(element) = from.next_element()? {
            check::<A::Error>(Some(list.len() + 1), MAX)?;
            list.push(element);
        }
        Ok(list)
    }
}

struct Map<const MAX: usize, K, V>(PhantomData<(K, V)>);

impl<'de, const MAX: usize, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Map<MAX, K, V> {
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<BTreeMap<K, V>, A::Error> {
        check::<A::Error>(from.size_hint(), MAX)?;
        let (mut map, mut count) = (BTreeMap::new(), 0);
        while let Some((key, value)) = from.next_entry()? {
            count += 1;
            check::<A::Error>(Some(count), MAX)?;
            map.insert(key, value);
        }
        Ok(map)
    }
}
