//! Campaigns beside their variants and data set.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::campaign::{self, Surroundings, check_against};
use bakeoff_core::variant::{self, Variant};

const CAMPAIGN: &str = r#"dataset: datasets/a.csv
variants: [plain, variants/careful.yaml]
scorers:
  - {type: exact, value: "{{ expected }}"}
"#;

fn variant(name: &str, prompt: &str) -> Variant {
    let text = format!("model: gpt-5-mini\nprompt: '{prompt}'\n");
    variant::check(name, &text).value.unwrap()
}

fn told(known: &[&str], variants: &[&Variant], fields: Option<&[&str]>) -> Vec<String> {
    let campaign = campaign::check("c", CAMPAIGN).value.unwrap();
    let around = Surroundings { known_variants: known, variants, case_fields: fields };
    check_against(CAMPAIGN, &campaign, &around).iter().map(ToString::to_string).collect()
}

#[test]
fn what_fits_is_not_mentioned() {
    let (plain, careful) = (variant("plain", "{{ input }} {{ id }}"), variant("careful", "{{ row.x }}"));
    let fields = ["input", "expected"];
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], Some(&fields)), Vec::<String>::new());
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], None), Vec::<String>::new());
}

#[test]
fn missing_and_broken_variants_are_named_where_they_stand() {
    let plain = variant("plain", "{{ input }}");
    assert_eq!(
        told(&["plain", "carefull"], &[&plain], None),
        ["2:19: error: there is no variant `careful` (did you mean `carefull`?)"]
    );
    assert_eq!(
        told(&["plain", "careful"], &[&plain], None),
        ["2:19: error: the variant `careful` has errors (mend variants/careful.yaml)"]
    );
}

#[test]
fn templates_are_held_against_the_data_sets_fields() {
    let (plain, careful) = (variant("plain", "{{ inputs }}"), variant("careful", "no field"));
    assert_eq!(
        told(&["plain", "careful"], &[&plain, &careful], Some(&["input", "label"])),
        [
            "2:12: error: `prompt` of the variant `plain` uses `inputs`, which the data set doesn't have (did you mean `input`?)",
            "4:5: error: the scorer uses `expected`, which the data set doesn't have (its fields are input, label)",
        ]
    );
}
