//! Fields in messages: a map from number to value, in JSON `{"6": ...}`. Written `#[serde(with = "field_map")]`.
//!
//! The list that [`FieldMap`] is has a form of its own in serde: an empty one is no map in JSON, and it makes room for as
//! many as a message says that there are. It is not built in.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserializer, Serializer};

use super::value::FieldMap;

/// Writes fields.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(fields: &FieldMap, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter())
}

/// Reads fields. Room grows with what is really there.
///
/// # Errors
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldMap, D::Error> {
    deserializer.deserialize_map(Map)
}

struct Map;

impl<'de> Visitor<'de> for Map {
    type Value = FieldMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldMap, A::Error> {
        let mut fields = FieldMap::new();
        while let Some((field, value)) = map.next_entry()? {
            fields.insert(field, value);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::domain::schema::FieldId;
    use crate::domain::value::Value;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Message {
        #[serde(with = "super")]
        fields: FieldMap,
    }

    #[derive(Serialize)]
    struct Tree {
        fields: BTreeMap<FieldId, Value>,
    }

    #[test]
    fn they_stand_as_any_map_does_also_when_there_are_none() {
        let pairs = [
            (FieldId(6), Value::text("x")),
            (FieldId(7), Value::Null),
            (FieldId(200), Value::Int(3)),
        ];
        for count in 0..=pairs.len() {
            let pairs = pairs.iter().take(count).cloned();
            let tree = Tree {
                fields: pairs.clone().collect(),
            };
            let message = Message {
                fields: pairs.rev().collect(),
            };
            let (packed, json) = (
                postcard::to_stdvec(&message).unwrap(),
                serde_json::to_string(&message).unwrap(),
            );
            assert_eq!(packed, postcard::to_stdvec(&tree).unwrap());
            assert_eq!(json, serde_json::to_string(&tree).unwrap());
            assert_eq!(postcard::from_bytes::<Message>(&packed).unwrap(), message);
            assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        }
    }

    #[test]
    fn a_message_that_says_more_than_it_holds_is_damaged_and_takes_no_room() {
        let huge = postcard::to_stdvec(&u64::MAX).unwrap();
        assert!(postcard::from_bytes::<Message>(&huge).is_err());
    }
}
