//! The keychain adapter over keyring-core's mock store.

use super::*;

fn mock() -> Keychain {
    let store: Store = keyring_core::mock::Store::new().expect("a mock store");
    Keychain { store, patience: PATIENCE }
}

#[test]
fn secrets_are_kept_replaced_and_forgotten() {
    let keychain = mock();
    assert_eq!(keychain.get("openai"), Ok(None));
    keychain.set("openai", &Secret::new("sk-one-1234")).expect("set");
    keychain.set("openai", &Secret::new("sk-two-1234")).expect("set again");
    assert_eq!(keychain.get("openai"), Ok(Some(Secret::new("sk-two-1234"))));
    assert_eq!(keychain.get("anthropic"), Ok(None));
    keychain.delete("openai").expect("delete");
    keychain.delete("openai").expect("deleting nothing is no error");
    assert_eq!(keychain.get("openai"), Ok(None));
}

#[test]
fn a_keychain_that_never_answers_is_given_up() {
    let (hold, held) = mpsc::channel::<()>();
    let result = within(Duration::from_millis(20), move || {
        // Ends when the test drops its end.
        let _ = held.recv();
        Ok(())
    });
    let message = result.expect_err("nobody answered").to_string();
    assert!(message.contains("did not answer") && message.contains("environment variable"), "{message}");
    drop(hold);
}

#[test]
fn an_error_about_bad_data_does_not_show_the_data() {
    let error = keyring_core::Error::BadEncoding(b"sk-planted".to_vec());
    assert!(!problem("refused", &error).to_string().contains("planted"));
}
