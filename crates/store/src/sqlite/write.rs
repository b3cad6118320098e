//! Writing a plan into the file. All of it happens within the transaction of one commit.

use rusqlite::{Connection, Error, Params, params};

use super::rows::{
    self, ListColumns, MessageColumns, bytes_sum, cell_sum, consumed_sum, entry_sum, meta_sum, timer_sum,
};
use crate::plan::{Plan, Step};
use crate::types::{Hash, IndexChange, Target, TimerChange};

type Written = Result<(), Error>;

fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, Error> {
    connection.prepare_cached(sql)?.execute(params)
}

/// A write that must touch exactly one row: anything else means that the file is not what was read before.
fn run_one(connection: &Connection, sql: &str, params: impl Params) -> Written {
    match run(connection, sql, params)? {
        1 => Ok(()),
        rows => Err(Error::StatementChangedRows(rows)),
    }
}

fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|e| Error::ToSqlConversionFailure(Box::new(e)))
}

pub(crate) fn write(connection: &Connection, plan: &Plan<'_>) -> Written {
    for step in &plan.steps {
        let cell = step.transition.cell.to_string();
        entries(connection, step, &cell)?;
        state(connection, step, &cell)?;
        messages(connection, step, &cell)?;
        for change in &step.transition.timers {
            timer(connection, &cell, change)?;
        }
        for change in &step.transition.index {
            list(connection, &step.transition.cell.tenant, &cell, change)?;
        }
    }
    Ok(())
}

fn entries(connection: &Connection, step: &Step<'_>, cell: &str) -> Written {
    for sealed in &step.entries {
        run_one(
            connection,
            "INSERT INTO entries (position, cell, seq, at, kind, actor, state_hash, prev, hash, sum, body, facts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                signed(sealed.position)?,
                cell,
                signed(sealed.seq)?,
                sealed.entry.at,
                sealed.entry.kind,
                sealed.entry.actor,
                step.head.state_hash.as_bytes(),
                sealed.prev.as_bytes(),
                sealed.hash.as_bytes(),
                entry_sum(sealed.position, &sealed.hash).0,
                sealed.entry.body,
                sealed.entry.facts,
            ],
        )?;
    }
    Ok(())
}

fn state(connection: &Connection, step: &Step<'_>, cell: &str) -> Written {
    let sql = if step.is_new {
        "INSERT INTO cells (cell, seq, fence, state_hash, head, sum, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    } else {
        "UPDATE cells SET seq = ?2, fence = ?3, state_hash = ?4, head = ?5, sum = ?6, state = ?7 WHERE cell = ?1"
    };
    let head = &step.head;
    run_one(
        connection,
        sql,
        params![
            cell,
            signed(head.seq)?,
            signed(head.fence)?,
            head.state_hash.as_bytes(),
            head.hash.as_bytes(),
            cell_sum(cell, head).0,
            step.transition.state,
        ],
    )
}

fn messages(connection: &Connection, step: &Step<'_>, cell: &str) -> Written {
    for message in &step.transition.consumed {
        let id = message.as_str();
        run_one(
            connection,
            "INSERT INTO consumed (cell, message, seq, sum) VALUES (?1, ?2, ?3, ?4)",
            params![cell, id, signed(step.head.seq)?, consumed_sum(cell, id, step.head.seq).0],
        )?;
        run(connection, "DELETE FROM outbox WHERE id = ?1 AND target = ?2", [id, cell])?;
    }
    for (position, message) in &step.outbox {
        let target = match &message.target {
            Target::Cell(target) => Some(target.to_string()),
            Target::World => None,
        };
        let row = MessageColumns {
            position: *position,
            id: message.id.as_str(),
            sender: cell,
            target: target.as_deref(),
            priority: i64::from(message.priority),
            body: &message.body,
        };
        run_one(
            connection,
            "INSERT INTO outbox (position, id, sender, target, priority, sum, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                signed(row.position)?,
                row.id,
                row.sender,
                row.target,
                row.priority,
                row.sum().0,
                row.body
            ],
        )?;
    }
    for message in &step.transition.settled {
        run(connection, "DELETE FROM outbox WHERE id = ?1 AND target IS NULL", [message.as_str()])?;
    }
    Ok(())
}

fn timer(connection: &Connection, cell: &str, change: &TimerChange) -> Written {
    match change {
        TimerChange::Set { id, at } => run_one(
            connection,
            "INSERT INTO timers (cell, id, at, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (cell, id) DO UPDATE SET at = ?3, sum = ?4",
            params![cell, id, at, timer_sum(cell, id, *at).0],
        ),
        TimerChange::Cancel { id } => {
            run(connection, "DELETE FROM timers WHERE cell = ?1 AND id = ?2", [cell, id]).map(drop)
        }
    }
}

fn list(connection: &Connection, tenant: &str, cell: &str, change: &IndexChange) -> Written {
    match change {
        IndexChange::Put { index, key, sort, fields } => {
            let fields =
                serde_json::to_string(fields).map_err(|e| Error::ToSqlConversionFailure(Box::new(e)))?;
            let row = ListColumns { tenant, list: index, key, cell, sort: *sort, fields: &fields };
            run_one(
                connection,
                "INSERT INTO lists (tenant, list, key, cell, sort, fields, sum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (tenant, list, key) DO UPDATE SET cell = ?4, sort = ?5, fields = ?6, sum = ?7",
                params![tenant, index, key, cell, sort, fields, row.sum().0],
            )
        }
        IndexChange::Remove { index, key } => {
            let sql = "DELETE FROM lists WHERE tenant = ?1 AND list = ?2 AND key = ?3";
            run(connection, sql, [tenant, index, key]).map(drop)
        }
    }
}

pub(crate) fn meta(connection: &Connection, name: &str, value: &str) -> Written {
    run_one(
        connection,
        "INSERT INTO meta (name, value, sum) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET value = ?2, sum = ?3",
        params![name, value, meta_sum(name, value).0],
    )
}

pub(crate) fn bytes(connection: &Connection, table: &rows::Table, hash: &Hash, bytes: &[u8]) -> Written {
    let sql = format!("INSERT INTO {} (hash, sum, bytes) VALUES (?1, ?2, ?3)", table.name);
    run_one(connection, &sql, params![hash.as_bytes(), bytes_sum(table, hash, bytes).0, bytes])
}

pub(crate) fn erase_blob(connection: &Connection, hash: &Hash) -> Result<bool, Error> {
    Ok(run(connection, "DELETE FROM blobs WHERE hash = ?1", [hash.as_bytes()])? > 0)
}
