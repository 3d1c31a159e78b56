//! Display names: what people call a record or a type of things, and what it can come from.

/// Maximum size of a display name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Number of properties that are kept of a record besides `name` and `title`, while it is not
/// known which of them names it.
pub(crate) const MAX_PROPERTIES: usize = 32;

/// The property that holds the name of contacts, opportunities and locations.
pub(crate) const NAME: &str = "name";

/// The properties that name a record where its schema says nothing else, best first.
pub(crate) const NAMING_PROPERTIES: [&str; 2] = [NAME, "title"];

/// What ends a name that was cut.
const ELLIPSIS: &str = "…";

/// A property of a thing, as an event says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its key, without the object's prefix.
    pub key: Box<str>,
    /// Its value in the form of a display name: see [`clean_name`].
    pub value: Box<str>,
}

/// Returns a text in the form of a display name: runs of white space are one space, control
/// characters and those that only turn the direction of a text are dropped, and what is
/// longer than [`MAX_NAME_BYTES`] is cut at a character and ends in `…`. Returns `None` if
/// nothing is left.
///
/// Costs at most the part that is kept, or white space and dropped characters before it.
///
/// ```
/// use relata::webhook::clean_name;
///
/// assert_eq!(clean_name(" 12  Maple\tStreet ").as_deref(), Some("12 Maple Street"));
/// assert_eq!(clean_name(" \u{0}\n"), None);
/// ```
pub fn clean_name(text: &str) -> Option<Box<str>> {
    let mut name = String::new();
    let mut is_space_due = false;
    // Where to cut if the name becomes too long.
    let mut cut_at = 0;
    for letter in text.chars() {
        if letter.is_whitespace() {
            is_space_due = !name.is_empty();
            continue;
        }
        if letter.is_control() || is_direction_mark(letter) {
            continue;
        }
        let bytes = letter.len_utf8() + usize::from(is_space_due);
        if name.len() + bytes > MAX_NAME_BYTES {
            name.truncate(cut_at);
            name.push_str(ELLIPSIS);
            break;
        }
        if std::mem::take(&mut is_space_due) {
            name.push(' ');
        }
        name.push(letter);
        if name.len() + ELLIPSIS.len() <= MAX_NAME_BYTES {
            cut_at = name.len();
        }
    }
    (!name.is_empty()).then(|| name.into())
}

/// Returns whether a character only turns the direction of the text around it, which would
/// reach beyond the name. Marks that join letters or emoji stay.
fn is_direction_mark(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the key of a property without the prefix that says which object it is of:
/// `pet_name` of `custom_objects.pets.pet_name`.
pub(crate) fn property_key(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Returns the property that names every record of a built-in object, whatever a schema says.
pub(crate) fn built_in_primary(object: &str) -> Option<&'static str> {
    matches!(object, "contact" | "opportunity").then_some(NAME)
}

/// Returns what the platform calls one and many things of a built-in object.
pub(crate) fn built_in_labels(object: &str) -> Option<(&'static str, &'static str)> {
    match object {
        "contact" => Some(("Contact", "Contacts")),
        "opportunity" => Some(("Opportunity", "Opportunities")),
        "business" => Some(("Company", "Companies")),
        "task" => Some(("Task", "Tasks")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        let check = |text: &str, name: Option<&str>| assert_eq!(clean_name(text).as_deref(), name);
        check("Ann Lee", Some("Ann Lee"));
        check("  Ann \u{a0}\u{3000}\r\n Lee\t", Some("Ann Lee"));
        check("", None);
        check(" \t\u{85}\u{2028}", None);
        check("\u{0}\u{1b}\u{7f}", None);
        check("\u{1b}[31mred\u{0}", Some("[31mred"));
        // A family is one emoji of several that are joined.
        check("👨\u{200d}👩\u{200d}👧", Some("👨\u{200d}👩\u{200d}👧"));
        check("שלום", Some("שלום"));
        check("a\u{202e}cod.exe", Some("acod.exe"));
        check("=1+1", Some("=1+1"));
        check("<b>&amp;</b>", Some("<b>&amp;</b>"));
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        for (letter, count) in [("a", 10_000), ("é", 300), ("€", 300), ("👧", 300), ("x ", 300)]
        {
            let name = clean_name(&letter.repeat(count)).unwrap();
            assert!(name.len() <= MAX_NAME_BYTES, "{letter}");
            assert!(name.len() > MAX_NAME_BYTES - 3 - letter.len(), "{letter}");
            assert!(name.ends_with(ELLIPSIS), "{letter}");
            // What was cut once stays as it is.
            assert_eq!(clean_name(&name).as_deref(), Some(&*name), "{letter}");
        }
        let whole = "b".repeat(MAX_NAME_BYTES);
        assert_eq!(clean_name(&whole).as_deref(), Some(&*whole));
        assert_eq!(clean_name(&format!("{whole}  ")).as_deref(), Some(&*whole));
    }
}
