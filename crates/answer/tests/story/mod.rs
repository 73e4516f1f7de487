//! Runs stories: reads the text, asks, and writes the response down in the same form.

mod query;
mod response;
mod scene;

use understudy_answer::{Chance, Outcome, Request, respond};

use query::Asked;
use scene::Scene;

/// Runs every query of a story. An error is the difference, ready to be read.
pub fn run(text: &str) -> Vec<Result<(), String>> {
    let mut scene = Scene::default();
    let mut outcomes = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["#", ..] => {}
            ["zone", origin] => {
                let mut zone_text = String::new();
                for line in lines.by_ref().take_while(|line| line.trim() != "end") {
                    zone_text.push_str(line);
                    zone_text.push('\n');
                }
                scene.load(origin, &zone_text);
            }
            ["steer", words @ ..] => scene.steer(words),
            ["server", words @ ..] => scene.serve(words),
            ["query", name, rtype, flags @ ..] => {
                let expected = indented(&mut lines);
                outcomes.push(compare(
                    line,
                    &expected,
                    &scene,
                    &Asked::new(name, rtype, flags),
                ));
            }
            ["raw", hex] => {
                let expected = indented(&mut lines);
                outcomes.push(compare(line, &expected, &scene, &Asked::raw(hex)));
            }
            _ => panic!("a story has no such line: {line}"),
        }
    }
    outcomes
}

fn indented<'t>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>) -> Vec<String> {
    let mut block = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
        block.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    block
}

fn compare(line: &str, expected: &[String], scene: &Scene, asked: &Asked) -> Result<(), String> {
    let mut reply = vec![0; 65_535];
    let request = Request {
        message: &asked.message,
        client: [192, 0, 2, 53].into(),
        transport: asked.transport,
        now_ns: asked.now_ns,
        wall_s: asked.wall_s,
    };
    let server = &scene.server;
    let outcome = respond(
        &scene.zones,
        server,
        &request,
        &mut Chance::new(1),
        &mut reply,
    );
    let actual = match outcome {
        Outcome::Silent(_) => vec!["silence".to_owned()],
        Outcome::Answered(summary) => response::describe(&asked.message, &reply, &summary),
    };
    if actual == expected {
        return Ok(());
    }
    let show = |block: &[String]| block.join("\n    ");
    Err(format!(
        "{line}\n  expected\n    {}\n  got\n    {}",
        show(expected),
        show(&actual)
    ))
}
