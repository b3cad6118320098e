fn main() {
    let source = std::io::read_to_string(std::io::stdin()).unwrap();
    let t = std::time::Instant::now();
    let p = countersign_syntax::parse(&source);
    let el = t.elapsed();
    for e in p.errors.iter().take(60) {
        let line = source[..e.span.start as usize].matches('\n').count() + 1;
        println!(
            "{line}: {:?} {:?} exp={:?} found={:?} rel={:?} hint={:?}",
            e.kind,
            e.span.text(&source),
            e.expected.iter().map(|x| x.text()).collect::<Vec<_>>(),
            e.found.map(|t| t.kind),
            e.related,
            e.hint
        );
    }
    println!("items {} tokens {} errors {} in {el:?}", p.module.items.len(), p.tokens.len(), p.errors.len());
    if std::env::args().nth(1).is_some() {
        println!("{:#?}", p.module);
    }
}
