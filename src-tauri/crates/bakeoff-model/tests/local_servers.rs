//! Model servers on this machine.

use bakeoff_core::variant::Provider;
use bakeoff_model::{LocalAddresses, local_servers};
use bakeoff_testkit::MockServer;

const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn running_servers_are_found_with_their_models() {
    let (ollama, studio) = (MockServer::start(), MockServer::start());
    let found = local_servers(&LocalAddresses { ollama: ollama.url(), lm_studio: studio.openai_url() }).await;
    let told: Vec<_> =
        found.iter().map(|server| (server.name, server.provider, server.models.len())).collect();
    assert_eq!(told, [("Ollama", Provider::Ollama, 2), ("LM Studio", Provider::OpenaiCompatible, 2)]);
    assert_eq!(found[0].models, ["mock-large:latest", "mock-small:latest"]);
    assert_eq!(found[1].base_url, studio.openai_url());
}

#[tokio::test]
async fn what_is_not_there_or_not_on_this_machine_is_left_out() {
    let nobody = LocalAddresses { ollama: NOBODY.to_owned(), lm_studio: NOBODY.to_owned() };
    assert_eq!(local_servers(&nobody).await, []);
    let server = MockServer::start();
    let named = server.url().replace("127.0.0.1", "localhost");
    let other = LocalAddresses { ollama: named, lm_studio: "http://192.0.2.1:1234/v1".to_owned() };
    assert_eq!(
        local_servers(&other).await,
        [],
        "a name may point anywhere: only loopback addresses are asked"
    );
}
