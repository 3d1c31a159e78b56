//! Requests and answers, by the real binary.

mod connections;
mod reads;
mod webhooks;

fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

const HERE: &str = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";
