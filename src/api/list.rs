//! Lists in a request, each within its limit.

use serde::{Deserialize, Deserializer, de};

/// Maximum number of labels, and of associations, in one filter.
pub const NAMES_MAX: usize = 100;

/// A list of at most `MAX` items. A longer one is refused before the rest of it is
/// read, so every list of a body costs at most what its limit says.
#[derive(Debug)]
pub struct List<T, const MAX: usize>(pub Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    fn read<'de, A: de::SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error>
    where
        T: Deserialize<'de>,
    {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(de::Error::custom(format!("holds more than {MAX} items")));
            }
            list.push(item);
        }
        Ok(Self(list))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> de::Visitor<'de> for Visit<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a list of at most {MAX} items")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                List::read(items)
            }
        }
        from.deserialize_seq(Visit(std::marker::PhantomData))
    }
}

/// One text or several.
#[derive(Debug, Default)]
pub struct TextList(List<String, NAMES_MAX>);

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> de::Visitor<'de> for Visit {
            type Value = TextList;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a text or a list of at most {NAMES_MAX} texts")
            }

            fn visit_unit<E: de::Error>(self) -> Result<TextList, E> {
                Ok(TextList::default())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextList, E> {
                Ok(TextList(List(vec![text.to_owned()])))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<TextList, A::Error> {
                List::read(items).map(TextList)
            }
        }
        from.deserialize_any(Visit)
    }
}

impl From<TextList> for Vec<String> {
    fn from(texts: TextList) -> Self {
        texts.0.0
    }
}
