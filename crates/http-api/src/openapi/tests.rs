//! The document agrees with the routes.

use super::refusals::OWN;
use super::*;
use crate::problem::Code;
use std::collections::BTreeSet;

fn documented() -> serde_json::Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let document = documented();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routed: BTreeSet<String> =
        routes::every().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, routed);
}

#[test]
fn the_version_is_three_one_and_every_reference_leads_somewhere() {
    let document = documented();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(!document["components"]["schemas"][name].is_null(), "{name} is missing");
    }
}

#[test]
fn every_route_says_whom_it_lets_in_and_what_it_refuses_with() {
    let document = documented();
    for route in routes::every() {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][&method];
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.is_empty(), matches!(route.who, Who::Anyone), "{}", route.path);
        let responses = operation["responses"].as_object().unwrap();
        assert!(!responses.contains_key("default"), "{}: every status by its name", route.path);
        for code in refusals::of(route) {
            let response = &responses.get(code.status().as_str());
            let Some(refused) = response.and_then(|one| one["description"].as_str()) else {
                let has_own_refusals = matches!(route.path, "/healthz" | "/readyz" | "/docs")
                    || route.path == "/openapi.json"
                    || route.path.starts_with("/api/mini/wechat-pay/");
                assert!(has_own_refusals, "{} {}", route.path, code.name());
                continue;
            };
            let is_ours = refused.starts_with("Refused: ");
            assert!(!is_ours || refused.contains(code.name()), "{} {refused}", route.path);
        }
        let has_body = matches!(method.as_str(), "post" | "put" | "patch");
        assert_eq!(!operation["requestBody"].is_null(), has_body, "{method} {}", route.path);
    }
    for (path, method, _) in OWN {
        assert!(routes::find(method, path).is_some(), "{path}");
    }
}

#[test]
fn the_problem_names_every_code() {
    let document = documented();
    let names = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    assert_eq!(names.len(), Code::ALL.len());
}

#[test]
fn every_body_is_closed_and_every_text_of_it_says_its_characters() {
    let document = documented();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body =
                operation["requestBody"]["content"]["application/json"]["schema"].to_string();
            let name =
                body.split("#/components/schemas/").nth(1).map(|rest| rest.split('"').next());
            let Some(name) = name.flatten() else { continue };
            assert!(!body.contains("null"), "{method} {path}: absent is not null");
            check_form(&document, name);
        }
    }
    let remark = &document["components"]["schemas"]["PrepayRequest"]["properties"]["remark"];
    assert!(remark["pattern"].as_str().unwrap().starts_with("^["), "{remark}");
    let parameters = &document["paths"]["/api/admin/orders"]["get"]["parameters"];
    let q = parameters.as_array().unwrap().iter().find(|parameter| parameter["name"] == "q");
    assert!(q.unwrap()["schema"]["pattern"].as_str().unwrap().starts_with("^["), "{q:?}");
}

fn check_form(document: &serde_json::Value, name: &str) {
    let form = &document["components"]["schemas"][name];
    if let Some(either) = form["oneOf"].as_array() {
        for one in either {
            check_form(document, one["$ref"].as_str().unwrap().rsplit('/').next().unwrap());
        }
        return;
    }
    assert_eq!(form["additionalProperties"], false, "{name}");
    for (field, schema) in form["properties"].as_object().into_iter().flatten() {
        let is_text = !schema["maxLength"].is_null();
        assert!(!is_text || schema["pattern"].is_string(), "{name}.{field}");
        let within = schema["items"]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let is_form = |name: &&str| document["components"]["schemas"][name]["type"] == "object";
        if let Some(name) = within.filter(is_form) {
            check_form(document, name);
        }
    }
}

#[test]
fn no_amount_of_money_in_a_body_is_without_bounds() {
    let document = documented();
    for (name, form) in document["components"]["schemas"].as_object().unwrap() {
        let fields = form["properties"].as_object().into_iter().flatten();
        for (field, schema) in fields.filter(|_| name.ends_with("Request")) {
            let is_money = field.ends_with("_fen");
            let is_bounded = schema["minimum"].is_i64() && schema["maximum"].is_i64();
            assert!(!is_money || is_bounded, "{name}.{field}: {schema}");
        }
    }
}

#[test]
fn what_depends_on_another_field_is_said_by_the_document() {
    let schemas = &documented()["components"]["schemas"];
    let required = |name: &str| schemas[name]["required"].to_string();
    assert!(required("ExpressPackageRequest").contains("tracking_no"));
    assert!(!required("OtherPackageRequest").contains("tracking_no"));
    let regions = &schemas["PutDeliveryRulesRequest"]["properties"]["regions"];
    assert_eq!(regions["uniqueItems"], true);
    let ranges = &schemas["MoveStockRequest"]["properties"]["delta"]["oneOf"];
    assert_eq!((&ranges[0]["maximum"], &ranges[1]["minimum"]), (&(-1).into(), &1.into()));
}
