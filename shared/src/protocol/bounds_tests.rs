//! Goes through every message and announces, list by list, the largest count that there can be, and so many elements.

use std::cmp::Ordering;
use std::fmt;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use crate::bounded::Message;

/// A list that takes so many is not bounded.
const ENDLESS: usize = 60_000;
/// On the wire each element of a list without a bound has so many bytes at the least: then it is hardly larger in memory.
const WIRE_BYTES_MIN: u64 = 12;

/// Gives every type its smallest value, and one list without end.
#[derive(Default)]
struct Walker {
    /// Which list has no end, in the order in which lists come up.
    endless: usize,
    /// How many lists came up.
    lists: usize,
    /// Which variant of every enum.
    variant: usize,
    /// What was read would have so many bytes on the wire.
    wire: u64,
    /// A list took everything, and each of its elements had so many bytes.
    taken: Option<u64>,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Walker {
    /// How many elements the next list has.
    fn next_list(&mut self) -> usize {
        self.lists += 1;
        match (self.lists - 1).cmp(&self.endless) {
            Ordering::Equal => usize::MAX,
            // One element shows what lies inside it; those of the endless one are as small as they can be.
            Ordering::Less => 1,
            Ordering::Greater => 0,
        }
    }
}

struct Elements<'w> {
    walker: &'w mut Walker,
    left: usize,
    given: usize,
    wire_before: u64,
}

impl<'w> Elements<'w> {
    fn of(walker: &'w mut Walker, left: usize) -> Self {
        let wire_before = walker.wire;
        Self {
            walker,
            left,
            given: 0,
            wire_before,
        }
    }

    fn has_next(&mut self) -> bool {
        if self.left == usize::MAX && self.given == ENDLESS {
            self.walker.taken = Some((self.walker.wire - self.wire_before) / ENDLESS as u64);
            return false;
        }
        let has = self.given < self.left;
        self.given += usize::from(has);
        has
    }

    fn announced(&self) -> Option<usize> {
        Some(self.left.min(u32::MAX as usize))
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        match self.has_next() {
            true => seed.deserialize(&mut *self.walker).map(Some),
            false => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.announced()
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(&mut *self.walker)
    }

    fn size_hint(&self) -> Option<usize> {
        self.announced()
    }
}

impl<'de> EnumAccess<'de> for &mut Walker {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let number: U32Deserializer<Refused> = (self.variant as u32).into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Walker {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements::of(self, length))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements::of(self, fields.len()))
    }
}

macro_rules! smallest {
    ($($method:ident $visit:ident $value:expr, $wire:literal;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.wire += $wire;
            visitor.$visit($value)
        })+
    };
}

impl<'de> Deserializer<'de> for &mut Walker {
    type Error = Refused;

    smallest! {
        deserialize_bool visit_bool false, 1;
        deserialize_i8 visit_i8 0, 1;
        deserialize_i16 visit_i16 0, 1;
        deserialize_i32 visit_i32 0, 1;
        deserialize_i64 visit_i64 0, 1;
        // A list of bytes is as large in memory as on the wire.
        deserialize_u8 visit_u8 0, 100;
        deserialize_u16 visit_u16 0, 1;
        deserialize_u32 visit_u32 0, 1;
        deserialize_u64 visit_u64 0, 1;
        deserialize_str visit_str "130803001001-01", 1;
        deserialize_string visit_str "130803001001-01", 1;
        // Ids.
        deserialize_bytes visit_bytes &[0; 16], 17;
        deserialize_byte_buf visit_bytes &[], 1;
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused::custom("postcard does not say what comes"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.wire += 1;
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.wire += 1;
        let count = self.next_list();
        visitor.visit_seq(Elements::of(self, count))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.wire += 1;
        let count = self.next_list();
        visitor.visit_map(Elements::of(self, count))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements::of(self, length))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements::of(self, length))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements::of(self, fields.len()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.wire += 1;
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! { f32 f64 char identifier ignored_any }
}

/// The lists of a message that have no bound, by their place in it.
fn unbounded<T: DeserializeOwned>() -> Vec<usize> {
    let mut found = Vec::new();
    // No message has an enum with more variants than this.
    for variant in 0..12 {
        let mut endless = 0;
        loop {
            let mut walker = Walker {
                endless,
                variant,
                ..Walker::default()
            };
            let read = T::deserialize(&mut walker);
            match walker.taken {
                Some(wire) if wire < WIRE_BYTES_MIN => found.push(endless),
                Some(_) => assert!(read.is_ok(), "what was given is a message"),
                None => {}
            }
            if walker.lists <= endless {
                break;
            }
            endless += 1;
        }
    }
    found.dedup();
    found
}

fn check<T: Message>() {
    assert_eq!(unbounded::<T>(), [0; 0], "{}", std::any::type_name::<T>());
}

#[test]
fn no_message_has_a_list_without_a_bound() {
    macro_rules! are_bounded {
        ($($message:ty),+ $(,)?) => { $(check::<$message>();)+ };
    }
    for_each_message!(are_bounded);
}

#[test]
fn a_list_without_a_bound_is_found() {
    #[derive(serde::Deserialize)]
    struct Extended {
        _first: u64,
        _few: Option<[u8; 3]>,
        _extensions: Vec<(u16, Vec<u8>)>,
    }
    assert_eq!(unbounded::<Extended>(), [0]);
    assert_eq!(unbounded::<std::collections::BTreeMap<u64, u64>>(), [0]);
    // As large on the wire as in memory.
    assert_eq!(unbounded::<(u64, Vec<u8>)>(), [0; 0]);
    assert_eq!(unbounded::<Vec<uuid::Uuid>>(), [0; 0]);
}

/// 16 KB that announce 8,000,000 empty extensions, and hold them.
#[test]
fn millions_of_empty_extensions_are_refused_by_their_count() {
    use crate::protocol::v1::{self, MessageError, SyncRequest};
    let mut message = vec![1, 0, 0, 0, 0, 0];
    let count = 8_000_000_u32;
    message.extend(postcard::to_stdvec(&count).unwrap());
    message.extend(vec![0; 2 * count as usize]);
    let frame = crate::change::frame::seal(&message);
    assert!(frame.len() < 20_000, "{}", frame.len());
    assert_eq!(v1::decode::<SyncRequest>(&frame), Err(MessageError::Form));
    let few = [&[1, 0, 0, 0, 0, 0, 2][..], &[0; 4]].concat();
    assert!(v1::decode::<SyncRequest>(&crate::change::frame::seal(&few)).is_ok());
}
