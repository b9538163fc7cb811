//! The values that fields hold.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::schema::FieldId;

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Value {
    /// Nothing entered.
    #[default]
    Null,
    /// A number, a date, a member of a closed list, or 0 and 1 for no and yes.
    Int(i64),
    /// A text.
    Text(String),
    /// Another record's id.
    Id(Uuid),
    /// Bytes: a hash or a thumbnail.
    Bytes(#[serde(with = "crate::whole_bytes")] Vec<u8>),
    /// Members of a closed list, in the order entered.
    Numbers(Vec<u64>),
    /// Texts, in the order entered.
    Texts(Vec<String>),
    /// Ids of other records.
    Ids(Vec<Uuid>),
}

/// A record's fields by number. Missing is the same as [`Value::Null`]. A sorted list: a dozen values that are made once,
/// written once and seldom changed are nothing for a tree.
pub type FieldMap = LiteMap<FieldId, Value>;

impl Value {
    /// A yes or no.
    pub fn flag(yes: bool) -> Self {
        if yes { Self::Int(1) } else { Self::Null }
    }

    /// A text; an empty one is nothing.
    pub fn text(text: &str) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// A number that may be absent.
    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }

    /// Texts; an empty list is nothing.
    pub fn texts(texts: &[String]) -> Self {
        if texts.is_empty() {
            Self::Null
        } else {
            Self::Texts(texts.to_vec())
        }
    }

    /// Numbers; an empty list is nothing.
    pub fn numbers(numbers: Vec<u64>) -> Self {
        if numbers.is_empty() {
            Self::Null
        } else {
            Self::Numbers(numbers)
        }
    }

    /// The number, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The text, empty if there is none.
    pub fn as_text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The id, if this is one.
    pub fn as_id(&self) -> Option<Uuid> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    /// Yes or no.
    pub fn as_flag(&self) -> bool {
        self.as_int() == Some(1)
    }

    /// The bytes, if there are any.
    pub fn as_bytes(&self) -> &[u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// The numbers, none if this is something else.
    pub fn as_numbers(&self) -> &[u64] {
        if let Self::Numbers(numbers) = self {
            numbers
        } else {
            &[]
        }
    }

    /// The texts, none if this is something else.
    pub fn as_texts(&self) -> &[String] {
        if let Self::Texts(texts) = self { texts } else { &[] }
    }

    /// The ids, none if this is something else.
    pub fn as_ids(&self) -> &[Uuid] {
        if let Self::Ids(ids) = self { ids } else { &[] }
    }

    /// The value's shape.
    pub fn shape(&self) -> ValueShape {
        match self {
            Self::Null => ValueShape::Null,
            Self::Int(_) => ValueShape::Int,
            Self::Text(_) => ValueShape::Text,
            Self::Id(_) => ValueShape::Id,
            Self::Bytes(_) => ValueShape::Bytes,
            Self::Numbers(_) => ValueShape::Numbers,
            Self::Texts(_) => ValueShape::Texts,
            Self::Ids(_) => ValueShape::Ids,
        }
    }
}

/// Which variant of [`Value`] a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ValueShape {
    /// [`Value::Null`]
    Null,
    /// [`Value::Int`]
    Int,
    /// [`Value::Text`]
    Text,
    /// [`Value::Id`]
    Id,
    /// [`Value::Bytes`]
    Bytes,
    /// [`Value::Numbers`]
    Numbers,
    /// [`Value::Texts`]
    Texts,
    /// [`Value::Ids`]
    Ids,
}

/// What holds the fields of a record: a map, or the change that made the record.
pub trait Fields {
    /// The field's value; `None` is the same as [`Value::Null`].
    fn value_of(&self, id: FieldId) -> Option<&Value>;
}

impl Fields for FieldMap {
    fn value_of(&self, id: FieldId) -> Option<&Value> {
        self.get(&id)
    }
}

/// The field, or nothing.
pub fn field<F: Fields + ?Sized>(fields: &F, id: FieldId) -> &Value {
    static NULL: Value = Value::Null;
    fields.value_of(id).unwrap_or(&NULL)
}
