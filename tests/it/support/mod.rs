//! What the tests share: a place with folders of its own, the program in it, and a campaign against a mock server.

#[cfg(target_os = "linux")]
mod docker;
mod mock_campaign;
mod place;
mod process;
mod repairs;

#[cfg(target_os = "linux")]
pub use docker::{docker, has_docker, left_by, wardens_of};
pub use mock_campaign::{MockCampaign, trial_of};
pub use place::Place;
pub use process::{Ran, Running, until};
pub use repairs::{Repair, stored_repairs};

use serde_json::Value;
use std::sync::OnceLock;

/// A starter workspace in which `tickets` has run once, for tests that only read. Made once for all of them.
pub fn tickets_run() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = Place::shared("tickets");
        place.run(&["init", "."]).expect_code(0);
        place.run(&["run", "tickets", "--parallel", "64"]).expect_code(0);
        place
    })
}

/// An array in a JSON value.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {pointer} of {value:#}"))
}

/// A text in a JSON value.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} of {value:#}"))
}

/// A whole number in a JSON value.
pub fn count(value: &Value, pointer: &str) -> u64 {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no count at {pointer} of {value:#}"))
}
