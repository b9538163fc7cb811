//! Bytes that serde writes and reads as a whole: a plain `Vec<u8>` is a list of numbers to it, one by one. What is
//! written is the same.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_byte_buf(Bytes)
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    /// In JSON they are a list.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::value::Value;

    #[test]
    fn they_stand_as_a_list_of_numbers_would() {
        let bytes = vec![0, 7, 255];
        let list: (u8, Vec<u8>) = (4, bytes.clone());
        let value = Value::Bytes(bytes);
        let written = postcard::to_stdvec(&value).unwrap();
        assert_eq!(written, postcard::to_stdvec(&list).unwrap());
        assert_eq!(postcard::from_bytes::<Value>(&written), Ok(value.clone()));
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"{"Bytes":[0,7,255]}"#);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }
}
