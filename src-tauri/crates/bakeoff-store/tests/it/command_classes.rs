//! What models said of commands.

use crate::store;
use crate::support::NOW;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::lab::CommandClass;
use bakeoff_core::variant::Provider;
use bakeoff_store::KeptClass;

fn said(command: &str, model: &str, class: CommandClass) -> KeptClass {
    KeptClass {
        command: sha256_hex(command.as_bytes()),
        provider: Provider::OpenaiCompatible,
        model: model.to_owned(),
        question: 1,
        class,
        reason: "it says so".to_owned(),
        at: NOW,
    }
}

#[tokio::test]
async fn answers_are_kept_by_command_model_and_question_and_a_later_one_replaces() {
    let (_folder, store) = store();
    assert_eq!(store.command_classes_revision().expect("reads"), 0);
    let first = said("./mend", "small", CommandClass::Repair);
    let other = said("./mend", "large", CommandClass::Risky);
    store.keep_command_classes(vec![first.clone(), other.clone()]).await.expect("kept");
    let before = store.command_classes_revision().expect("reads");
    assert_eq!(store.command_classes(1).expect("reads"), [first, other.clone()], "one for each model");
    assert_eq!(store.command_classes(2).expect("reads"), [], "to another question nobody answered");

    let again = KeptClass { at: NOW + 1, ..said("./mend", "small", CommandClass::Destructive) };
    let asked_anew = KeptClass { question: 2, ..again.clone() };
    store.keep_command_classes(vec![again.clone(), asked_anew.clone()]).await.expect("kept");
    assert_eq!(store.command_classes(1).expect("reads"), [other, again], "the later one, and it comes last");
    assert_eq!(store.command_classes(2).expect("reads"), [asked_anew]);
    assert!(store.command_classes_revision().expect("reads") > before, "others see that something changed");
    store.keep_command_classes(Vec::new()).await.expect("nothing to keep is fine");
}
