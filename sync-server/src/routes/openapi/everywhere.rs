//! What any route may answer, whatever it does: said once, and added to each operation that does not say it itself.

use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Adds the answers below to every operation.
pub(super) struct Everywhere;

/// To a request that changes something.
const CHANGING: &[(&str, &str)] = &[
    (
        "403",
        "`origin.foreign`: sent by a page of an address that the server does not go by.",
    ),
    (
        "507",
        "`server.no_room`: the server's disk is full; keep it and come again as `Retry-After` says.",
    ),
];
/// To a request with a body.
const WITH_BODY: &[(&str, &str)] = &[
    ("400", "`request.cut`: the body broke off."),
    ("408", "`request.slow`: the body took too long to arrive."),
    ("413", "`request.too_large`"),
    ("415", "`request.media_type`"),
];
/// To any request.
const ANY: &[(&str, &str)] = &[("503", "`server.busy`: come again as `Retry-After` says.")];

impl Modify for Everywhere {
    fn modify(&self, openapi: &mut OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            let changing = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
            for operation in changing.into_iter().flatten() {
                add(operation, CHANGING, true);
                if operation.request_body.is_some() {
                    add(operation, WITH_BODY, true);
                }
                add(operation, ANY, true);
            }
            for operation in [&mut item.get, &mut item.options].into_iter().flatten() {
                add(operation, ANY, true);
            }
            if let Some(operation) = &mut item.head {
                add(operation, ANY, false);
            }
        }
    }
}

fn add(operation: &mut Operation, answers: &[(&str, &str)], with_content: bool) {
    for (status, description) in answers {
        operation
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(answer(description, with_content)));
    }
}

fn answer(description: &str, with_content: bool) -> Response {
    let response = ResponseBuilder::new().description(description);
    if !with_content {
        return response.build();
    }
    let refusal = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Refusal")))
        .build();
    response.content("application/json", refusal).build()
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use crate::routes::openapi::Description;

    #[test]
    fn whatever_changes_something_says_that_the_disk_may_be_full() {
        let document = serde_json::to_value(Description::openapi()).unwrap();
        for item in document["paths"].as_object().unwrap().values() {
            for (method, operation) in item.as_object().unwrap() {
                let changes = matches!(method.as_str(), "put" | "post" | "patch" | "delete");
                assert_eq!(operation["responses"]["507"].is_object(), changes, "{operation}");
            }
        }
    }

    #[test]
    fn every_operation_says_that_the_server_may_be_busy() {
        let document = serde_json::to_value(Description::openapi()).unwrap();
        let mut operations = 0;
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert!(operation["responses"]["503"].is_object(), "{operation}");
                operations += 1;
            }
        }
        assert!(operations > 15, "{operations}");
    }
}
