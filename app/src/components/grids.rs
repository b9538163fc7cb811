//! The grids of the worker, where a form asks for one.

use replica::api;
use shared::domain::area::Area;
use shared::ids::AreaLevel;

use crate::store::use_query;

/// The grids that are on this phone; where a community has none, the community. Empty until they are read.
pub(crate) fn use_grids() -> Vec<Area> {
    let areas = use_query(api::Areas).and_then(Result::ok).unwrap_or_default();
    let grids: Vec<Area> = areas
        .iter()
        .filter(|area| area.code.level() == AreaLevel::Grid)
        .cloned()
        .collect();
    if grids.is_empty() { areas } else { grids }
}

/// The choices of a list of areas, by code.
pub(crate) fn grid_choices(grids: &[Area]) -> Vec<(String, String)> {
    let choice = |area: &Area| (area.code.to_string(), area.name.clone());
    grids.iter().map(choice).collect()
}
