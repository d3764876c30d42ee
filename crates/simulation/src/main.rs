//! temporary
use simulation::run::{Play, play};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let a: u64 = args[1].parse().unwrap();
    let b: u64 = args[2].parse().unwrap();
    let verbose = args.len() > 3;
    let mut l = 0; let mut e = 0;
    let mut marks = std::collections::BTreeMap::new();
    let begin = std::time::Instant::now();
    let mut bad = 0;
    for seed in a..b {
        let o = play(&Play { seed, verbose, ..Play::default() });
        l += o.lifetimes; e += o.events;
        for (m, c) in o.marks { *marks.entry(m).or_insert(0) += c; }
        if verbose { println!("{:#?}", o.setup); for line in &o.lines { println!("{:>12.3} {:<10} {:<30} {}", line.at as f64 / 1e6, line.who, line.order.clone().unwrap_or_default(), line.what); } }
        if let Some(v) = o.violation { bad += 1; println!("seed {seed}: {} {} — {} (order {:?}, at {})", v.id, v.sentence, v.seen, v.order, v.at as f64 / 1e6); }
    }
    let t = begin.elapsed();
    println!("{bad} bad; {l} lifetimes, {e} events in {t:?}");
    for m in simulation::marks::Mark::ALL { println!("{:>8} {:?}", marks.get(&m).copied().unwrap_or(0), m); }
}
