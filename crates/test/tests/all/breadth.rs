//! The steps of a flow that the example does not take.

use countersign_check::{Compiled, Memory};
use countersign_test::play;

use crate::project::{compile, deployment, report};

const ORDERS: &str = r#"
use desk.{buyers, keepers, office}

record Order { id: Text  amount: Money(EUR) where amount > 0 EUR  buyer: Person  kind: Kind }
enum Kind { goods, gift, junk }
record Shipment { id: Text  order: Text  state: ShipmentState }
enum ShipmentState { packed, sent, lost }

approval purchase {
  by_keeper => ask keepers within 4h in office else hand to keepers because "a keeper has to look"
  by_both   => ask buyers within 1d in office else refuse
               then ask keepers within 1d in office else refuse
}

/// Who has to agree to an order?
decide who(order: Order) -> purchase.Level owned by keepers {
  when order.amount <= 100 EUR => by_keeper
  otherwise                    => by_both
}

system stock {
  via sim {}
  read shipment(id: Text) -> Shipment { get "/shipments/{id}" }

  action ship(order: Order) -> Shipment {
    effect creates Shipment
    do     post "/shipments" { order: order.id }
    verify shipment(result.id) matches { order: order.id, state: sent } within 10min
    irreversible because "the parcel has left"
  }
  action note(order: Order) {
    effect changes Shipment.state
    do     post "/notes" { order: order.id }
    unverified because "nobody reads notes"
    irreversible because "a note is harmless"
  }
}

flow buy owned by buyers {
  on webhook "/orders" as order: Order {
    unsigned because "it comes from our own form"
  }

  decide { level = who(order) }

  act {
    when order.kind is junk => { skip because "we buy no junk" }
    when order.kind is gift => { tell keepers "a gift is ordered: {order.id}" }
    approve purchase at level "Buy {order.id}?" showing [order] {
      four eyes with order.buyer
      shipment = stock.ship(order)
    }
    stock.note(order)
  }

  verify {
    stock.shipment(shipment.id).state is sent throughout 2h
  }
}
"#;

const DESK: &str = r#"
calendar office { zone "Europe/Berlin"  open mon..fri 09:00..17:30 }

setting smtp_url: Url

system post {
  via smtp { server smtp_url  from "desk@acme.test" }
  action send(to: Email, body: Draft) {
    effect messages to
    do     deliver { to, body }
    verify acknowledged
    irreversible because "sent is sent"
  }
}

role buyers { members "ana@acme.test", "ben@acme.test"  notify post }
role keepers { members "kim@acme.test", "leo@acme.test"  notify post  away to chiefs }
role chiefs { members "mia@acme.test"  notify post }
"#;

const HEAD: &str = r#"
use desk.{buyers, chiefs, keepers, office}
use orders.{Order, Shipment, buy}
use orders.{stock}

sample cheap: Order = { id: "o-1", amount: 50 EUR, buyer: "ana@acme.test", kind: goods }
sample dear: Order = cheap with { amount: 900 EUR }
"#;

fn check_passes(tests: &str) {
    let sources = Memory::new()
        .with("orders.flow", ORDERS)
        .with("desk.flow", DESK)
        .with("tests.flow", format!("{HEAD}{tests}"));
    let Compiled { program, suite, .. } = compile(&sources);
    let deployment = deployment(program);
    assert!(!suite.tests.is_empty());
    for test in &suite.tests {
        let (host, result) = play(&deployment, &suite.simulation, test);
        assert!(result.passed(), "{}", report(&result));
        host.replay().unwrap();
    }
}

#[test]
fn a_flow_may_skip_tell_and_hand_over() {
    check_passes(
        r#"
        test "junk is skipped" {
          when buy receives cheap with { kind: junk }
          then run skipped
          then never stock.ship
        }

        test "of a gift the keepers are told, and it goes on" {
          when buy receives cheap with { kind: gift }
          then told keepers
          when "kim@acme.test" approves
          then did stock.ship once
        }

        test "when no keeper answers within four office hours, it is in their hands" {
          when  buy receives cheap
          after 239min
          then  run open
          after 2min
          then  run handed
          then  never stock.ship
          then  task for keepers
        }

        test "one keeper is enough, and a no is only final when no keeper is left" {
          when buy receives cheap
          when "kim@acme.test" refuses
          then run open
          when "leo@acme.test" refuses
          then run refused
        }
        "#,
    );
}

#[test]
fn a_second_consent_comes_after_the_first_and_from_somebody_else() {
    check_passes(
        r#"
        test "a buyer, then a keeper" {
          when buy receives dear
          then asked buyers
          when keepers approves
          then never stock.ship
          when "ben@acme.test" approves
          then never stock.ship
          then task for keepers about stock.ship
          when "leo@acme.test" approves
          then did stock.ship once
        }

        test "whoever orders does not agree" {
          when buy receives dear
          when "ana@acme.test" approves
          then run open
          when buyers approves
          when keepers approves
          then did stock.ship once
        }

        test "a keeper who does not answer the second question ends it" {
          when  buy receives dear
          when  buyers approves
          after 25h
          then  run refused
          then  never stock.ship
        }
        "#,
    );
}

#[test]
fn what_must_stay_true_is_watched_for_its_whole_time() {
    check_passes(
        r#"
        test "it stayed so" {
          when  buy receives cheap
          when  keepers approves
          then  run open
          after 125min
          then  run done
        }

        test "it did not" {
          when  buy receives cheap
          when  keepers approves
          after 1h
          given stock.shipment(_) is { id: "s", order: "o-1", state: lost }
          after 1h
          then  run blocked
          then  task for buyers
        }

        test "that it cannot be read for a while is not a no" {
          when  buy receives cheap
          when  keepers approves
          given stock.shipment(_) fails with 503 for 1h
          after 3h
          then  run done
        }
        "#,
    );
}

#[test]
fn events_without_a_key_are_all_different() {
    check_passes(
        r#"
        test "two orders" {
          when buy receives cheap twice
          when "kim@acme.test" approves
          then did stock.ship twice
        }
        "#,
    );
}

#[test]
fn an_action_without_a_look_up_or_a_key_is_never_sent_twice_by_itself() {
    check_passes(
        r#"
        test "nobody knows" {
          given stock.ship(_) times out
          when  buy receives cheap
          when  keepers approves
          after 2d
          then  run blocked
          then  task for buyers about stock.ship
        }

        test "it surely did nothing" {
          given stock.ship(_) fails with 429 3 times
          when  buy receives cheap
          when  keepers approves
          after 10min
          then  did stock.ship once
        }
        "#,
    );
}
