//! "Did you mean": the known name most like a mistyped one.

use crate::value::Str;

/// What a change of case costs; any other change costs `CHANGE`.
const CASE: usize = 1;
const CHANGE: usize = 2;
/// Names longer than this are not compared.
const LONGEST: usize = 40;
/// More names than this are not searched.
const MOST: usize = 750;

/// The known name most like `name`; none when all are too different.
pub fn closest(name: &str, known: &[Str]) -> Option<Str> {
    if name.chars().count() > LONGEST || known.len() > MOST {
        return None;
    }
    let mut best: Option<(usize, &Str)> = None;
    for candidate in known {
        if **candidate == *name || candidate.chars().count() > LONGEST {
            continue;
        }
        // A third of the letters of both may differ.
        let most = (name.chars().count() + candidate.chars().count() + 3) * CHANGE / 6;
        let most = best.map_or(most, |(distance, _)| most.min(distance.saturating_sub(1)));
        let distance = distance(name, candidate);
        if distance <= most && best.is_none_or(|(best, _)| distance < best) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.clone())
}

/// The cost of turning one text into the other, by Wagner and Fischer's table, row by row.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).map(|index| index * CHANGE).collect();
    for (index, one) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = (index + 1) * CHANGE;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + replacement(one, *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + CHANGE).min(diagonal + CHANGE);
        }
    }
    row[right.len()]
}

fn replacement(one: char, other: char) -> usize {
    if one == other {
        0
    } else if one.to_lowercase().eq(other.to_lowercase()) {
        CASE
    } else {
        CHANGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_found() {
        let known: Vec<Str> = ["append", "extend", "pop", "Index"].into_iter().map(Str::new).collect();
        let closest = |name| closest(name, &known).map(|found| found.to_string());
        assert_eq!(closest("apend"), Some("append".to_string()));
        assert_eq!(closest("index"), Some("Index".to_string()));
        assert_eq!(closest("something"), None);
    }
}
