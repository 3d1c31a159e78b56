//! A first look at a location: its types of objects, its associations, and about how many
//! records there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Association, ObjectKey, Timestamp};
use crate::pull::error::PullError;
use crate::pull::plan::settings::ReadSettings;
use crate::pull::reading::{
    Definitions, ObjectRow, PageSizes, SearchKind, SearchPage, embedded, read_associations,
    read_objects, search_page,
};
use crate::pull::upstream::{Client, SearchPlace};

/// The object keys that every location has, whether or not they are listed.
const BUILT_IN: [&str; 3] = ["contact", "opportunity", "business"];

/// The object layer of a location.
#[derive(Debug)]
pub(crate) struct ObjectLayer {
    pub(crate) objects: Vec<ObjectRow>,
    pub(crate) objects_at: Timestamp,
    pub(crate) definitions: Definitions,
    pub(crate) definitions_at: Timestamp,
    /// False if the list of associations moved each time it was read.
    pub(crate) is_stable: bool,
    /// The object keys whose records can be listed, and those whose records cannot.
    pub(crate) keys: Vec<(ObjectKey, bool)>,
}

/// Reads the object layer: what the settings leave out is not in it.
pub(crate) fn read_object_layer(
    client: &Client,
    settings: &ReadSettings,
) -> Result<ObjectLayer, PullError> {
    let location = &*settings.location;
    let (mut objects, objects_at) = read_objects(client, location)?;
    let sizes = PageSizes::new(settings.page_size.unwrap_or(100).min(100));
    let (listing, definitions_at) = read_associations(client, location, &sizes)?;
    let is_read = |it: &Association| settings.reads_association(it);
    let definitions = Definitions::new(listing.rows.into_iter().filter(is_read));
    let lists_built_in = objects.iter().any(|object| BUILT_IN.contains(&object.key.as_str()));
    objects.retain(|object| settings.reads_object(object.key.as_str()));
    let named = objects.iter().map(|object| object.key.as_str());
    let ends = definitions.objects();
    let built_in = if lists_built_in { &[][..] } else { &BUILT_IN[..] };
    let keys: BTreeSet<&str> = named
        .chain(built_in.iter().copied())
        .filter(|key| settings.reads_object(key))
        .filter(|key| settings.associations.is_none() || ends.contains(key))
        .chain(ends.iter().copied())
        .collect();
    let keys = keys.into_iter().map(|key| (key.into(), SearchKind::of(key).is_some())).collect();
    Ok(ObjectLayer {
        objects,
        objects_at,
        definitions,
        definitions_at,
        is_stable: listing.is_stable,
        keys,
    })
}

/// How many records there are of an object key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// They were all seen.
    Exactly(u64),
    /// The sender says so.
    About(u64),
    /// There are more than were seen, and the sender does not say how many.
    AtLeast(u64),
}

impl Count {
    /// Returns the number.
    pub const fn number(self) -> u64 {
        match self {
            Self::Exactly(number) | Self::About(number) | Self::AtLeast(number) => number,
        }
    }
}

/// A first look at the records of an object key.
#[derive(Debug)]
pub(crate) struct KeySurvey {
    pub(crate) object: ObjectKey,
    pub(crate) sizes: Arc<PageSizes>,
    /// The first page, unless records cannot be listed.
    pub(crate) first: Option<SearchPage>,
    pub(crate) count: Count,
    pub(crate) page_size: u64,
    /// Whether the rows of the first page embed usable links.
    pub(crate) embeds: bool,
    /// Why the records cannot be listed.
    pub(crate) refused: Option<String>,
    /// Whether the sender has no list of them, whatever the token.
    pub(crate) is_missing: bool,
}

/// Looks at the first page of each object key.
pub(crate) fn survey(
    client: &Client,
    settings: &ReadSettings,
    layer: &ObjectLayer,
) -> Result<Vec<KeySurvey>, PullError> {
    layer.keys.iter().map(|key| key_survey(client, settings, layer, key)).collect()
}

fn key_survey(
    client: &Client,
    settings: &ReadSettings,
    layer: &ObjectLayer,
    (object, is_listable): &(ObjectKey, bool),
) -> Result<KeySurvey, PullError> {
    let sizes = Arc::new(search_sizes(settings, object));
    let mut key = KeySurvey {
        object: object.clone(),
        page_size: sizes.asked() as u64,
        sizes,
        first: None,
        count: Count::Exactly(0),
        embeds: false,
        refused: None,
        is_missing: false,
    };
    if !is_listable {
        return Ok(key);
    }
    let start = SearchPlace::Page(1);
    let page = match search_page(client, &settings.location, object, &key.sizes, &start) {
        Ok(page) => page,
        Err(PullError::Refused(why)) => {
            key.refused = Some(why);
            return Ok(key);
        }
        Err(PullError::Missing(why)) => {
            (key.refused, key.is_missing) = (Some(why), true);
            return Ok(key);
        }
        Err(error) => return Err(error),
    };
    key.page_size = key.sizes.asked() as u64;
    let seen = page.rows.len() as u64;
    key.count = match page.total {
        Some(total) if total > seen => Count::About(total),
        Some(_) if seen < key.page_size => Count::Exactly(seen),
        None if seen == 0 => Count::Exactly(0),
        _ => Count::AtLeast(seen),
    };
    let name = object.as_str();
    let (definitions, is_partial) = (&layer.definitions, settings.is_partial());
    key.embeds = !definitions.joins_itself(name)
        && page.rows.iter().all(|row| {
            embedded(&row.row, name, row.id.as_str(), definitions, is_partial).is_some()
        });
    key.first = Some(page);
    Ok(key)
}

/// Returns the sizes of pages to ask for when records of an object key are searched.
pub(crate) fn search_sizes(settings: &ReadSettings, object: &ObjectKey) -> PageSizes {
    let longest = SearchKind::of(object.as_str()).map_or(1, SearchKind::page_size);
    PageSizes::new(settings.page_size.unwrap_or(longest).min(longest))
}
