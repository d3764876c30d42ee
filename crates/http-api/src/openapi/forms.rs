//! What the document says of every request besides what its struct says: that unknown fields of a
//! body are refused, and which characters a text may have, in a body or in the query.
//!
//! May not be needed for answers: they may grow.

use utoipa::Modify;
use utoipa::openapi::schema::{AdditionalProperties, Object};
use utoipa::openapi::{Content, OpenApi as Document, RefOr, Schema};

/// What the names of request bodies end in.
const FORM: &str = "Request";
/// A character that `json_body` takes in a text: no control character, no separator of lines or
/// paragraphs, no mark that turns the direction of writing around.
const CHARACTER: &str = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]";
/// One of them that can be seen.
const VISIBLE: &str = r"[^\s\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]";

/// Completes request bodies.
pub(super) struct Forms;

impl Modify for Forms {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        for (name, schema) in &mut components.schemas {
            if let (true, RefOr::T(Schema::Object(form))) = (name.ends_with(FORM), schema) {
                complete(form);
            }
        }
        for item in document.paths.paths.values_mut() {
            let queried = item.get.iter_mut().flat_map(|get| &mut get.parameters).flatten();
            for parameter in queried {
                let RefOr::T(parameter) = parameter else { continue };
                parameter.schema.iter_mut().for_each(say_characters);
            }
            for operation in [&mut item.post, &mut item.put, &mut item.patch].into_iter().flatten()
            {
                if let Some(RefOr::T(body)) = &mut operation.request_body {
                    body.content.values_mut().for_each(without_null);
                }
            }
        }
    }
}

/// A body that may be absent is not a body that may be `null`.
fn without_null(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    if let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema {
        let form = choice.items.iter().find(|item| matches!(item, RefOr::Ref(_)));
        content.schema = form.cloned();
    }
}

fn complete(form: &mut Object) {
    form.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    form.properties.values_mut().for_each(say_characters);
}

/// Of a text that is as its client wrote it: one with a greatest length and no form.
fn say_characters(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(text)) = schema
        && text.max_length.is_some()
        && text.pattern.is_none()
    {
        text.pattern = Some(if text.min_length.is_some_and(|least| least > 0) {
            format!("^{CHARACTER}*{VISIBLE}{CHARACTER}*$")
        } else {
            format!("^{CHARACTER}*$")
        });
    }
}
