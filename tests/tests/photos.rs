//! Photos on their way: a real replica in a file, the real engine and HTTP client, the real server behind a real
//! socket, and between them a line that breaks (F6, F25, F26).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "photos/line.rs"]
mod line;
#[path = "photos/room.rs"]
mod room;
#[path = "photos/site.rs"]
mod site;
#[path = "photos/uploads.rs"]
mod uploads;
