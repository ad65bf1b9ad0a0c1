// A small SAT solver (DPLL with watched literals), and the pigeonhole and queens problems to try it on.
//
//   isorun run examples/sat.rs -- queens 12
//   isorun run examples/sat.rs -- pigeons 7
//   isorun run examples/sat.rs --stdin "p cnf 3 2  1 -3 0  2 3 -1 0"
//
// Input: a formula in DIMACS form, or the name and size of a problem as arguments.
use std::io::Read;

/// A literal is an index: twice the variable, plus one if it is negated.
type Literal = usize;

fn literal(number: i32) -> Literal {
    2 * (number.unsigned_abs() as usize - 1) + (number < 0) as usize
}

struct Solver {
    clauses: Vec<Vec<Literal>>,
    watches: Vec<Vec<usize>>,
    values: Vec<Option<bool>>,
    trail: Vec<Literal>,
    decisions: u64,
}

impl Solver {
    fn new(variables: usize, formula: &[Vec<i32>]) -> Option<Solver> {
        let mut solver = Solver {
            clauses: Vec::new(),
            watches: vec![Vec::new(); 2 * variables],
            values: vec![None; variables],
            trail: Vec::new(),
            decisions: 0,
        };
        for numbers in formula {
            let mut clause: Vec<Literal> = numbers.iter().map(|&number| literal(number)).collect();
            clause.sort_unstable();
            clause.dedup();
            match clause.len() {
                0 => return None,
                1 => {
                    if !solver.assign(clause[0]) {
                        return None;
                    }
                }
                _ => {
                    for &watched in &clause[..2] {
                        solver.watches[watched].push(solver.clauses.len());
                    }
                    solver.clauses.push(clause);
                }
            }
        }
        Some(solver)
    }

    fn value(&self, literal: Literal) -> Option<bool> {
        self.values[literal / 2].map(|value| value == (literal % 2 == 0))
    }

    /// Makes a literal true; false if it is false already.
    fn assign(&mut self, literal: Literal) -> bool {
        if self.value(literal).is_none() {
            self.values[literal / 2] = Some(literal % 2 == 0);
            self.trail.push(literal);
        }
        self.value(literal) == Some(true)
    }

    /// Follows what the literals on the trail from `next` on force; false at a contradiction.
    fn propagate(&mut self, mut next: usize) -> bool {
        while next < self.trail.len() {
            let falsified = self.trail[next] ^ 1;
            next += 1;
            let watching = std::mem::take(&mut self.watches[falsified]);
            for (position, &index) in watching.iter().enumerate() {
                let mut clause = std::mem::take(&mut self.clauses[index]);
                if clause[0] == falsified {
                    clause.swap(0, 1);
                }
                let other = (2..clause.len()).find(|&at| self.value(clause[at]) != Some(false));
                let goes_on = match other {
                    _ if self.value(clause[0]) == Some(true) => {
                        self.watches[falsified].push(index);
                        true
                    }
                    Some(at) => {
                        clause.swap(1, at);
                        self.watches[clause[1]].push(index);
                        true
                    }
                    None => {
                        self.watches[falsified].push(index);
                        self.assign(clause[0])
                    }
                };
                self.clauses[index] = clause;
                if !goes_on {
                    self.watches[falsified].extend_from_slice(&watching[position + 1..]);
                    return false;
                }
            }
        }
        true
    }

    fn solve(&mut self) -> bool {
        if !self.propagate(0) {
            return false;
        }
        // Where the trail ended before each decision, and whether its opposite is still to be tried.
        let mut levels: Vec<(usize, bool)> = Vec::new();
        while let Some(variable) = self.values.iter().position(|value| value.is_none()) {
            self.decisions += 1;
            levels.push((self.trail.len(), true));
            self.assign(2 * variable);
            while !self.propagate(levels.last().map_or(0, |level| level.0)) {
                loop {
                    let (begin, open) = match levels.pop() {
                        Some(level) => level,
                        None => return false,
                    };
                    let decision = self.trail[begin];
                    for undone in self.trail.drain(begin..) {
                        self.values[undone / 2] = None;
                    }
                    if open {
                        levels.push((begin, false));
                        self.assign(decision ^ 1);
                        break;
                    }
                }
            }
        }
        true
    }
}

fn at_most_one(formula: &mut Vec<Vec<i32>>, numbers: &[i32]) {
    for (index, first) in numbers.iter().enumerate() {
        for second in &numbers[index + 1..] {
            formula.push(vec![-first, -second]);
        }
    }
}

fn queens(size: i32) -> (usize, Vec<Vec<i32>>) {
    let cell = |row: i32, column: i32| row * size + column + 1;
    let mut formula = Vec::new();
    for row in 0..size {
        let cells: Vec<i32> = (0..size).map(|column| cell(row, column)).collect();
        formula.push(cells.clone());
        at_most_one(&mut formula, &cells);
        at_most_one(&mut formula, &(0..size).map(|other| cell(other, row)).collect::<Vec<_>>());
    }
    for diagonal in -size..2 * size {
        for sign in [1, -1].iter() {
            let on = |row: i32| (row, diagonal + sign * row);
            let cells: Vec<i32> = (0..size)
                .map(on)
                .filter(|place| (0..size).contains(&place.1))
                .map(|place| cell(place.0, place.1))
                .collect();
            at_most_one(&mut formula, &cells);
        }
    }
    ((size * size) as usize, formula)
}

fn pigeons(holes: i32) -> (usize, Vec<Vec<i32>>) {
    let sits = |pigeon: i32, hole: i32| pigeon * holes + hole + 1;
    let mut formula: Vec<Vec<i32>> =
        (0..=holes).map(|pigeon| (0..holes).map(|hole| sits(pigeon, hole)).collect()).collect();
    for hole in 0..holes {
        at_most_one(&mut formula, &(0..=holes).map(|pigeon| sits(pigeon, hole)).collect::<Vec<_>>());
    }
    ((holes * (holes + 1)) as usize, formula)
}

fn dimacs(text: &str) -> (usize, Vec<Vec<i32>>) {
    let lines = text.lines().filter(|line| !line.starts_with('c'));
    let words = lines.flat_map(str::split_whitespace).filter(|word| !["p", "cnf"].contains(word));
    let mut numbers = words.map(|word| word.parse::<i32>().expect("a number"));
    let variables = numbers.next().expect("the number of variables") as usize;
    numbers.next();
    let mut formula = vec![Vec::new()];
    for number in numbers {
        match number {
            0 => formula.push(Vec::new()),
            _ => formula.last_mut().unwrap().push(number),
        }
    }
    formula.pop();
    (variables, formula)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = arguments.get(1).map_or(8, |text| text.parse().expect("a size"));
    let (variables, formula) = match arguments.first().map(String::as_str) {
        Some("queens") => queens(size),
        Some("pigeons") => pigeons(size),
        _ => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).expect("a formula in DIMACS form");
            dimacs(&text)
        }
    };
    println!("{} variables, {} clauses", variables, formula.len());
    let mut solver = match Solver::new(variables, &formula) {
        Some(solver) => solver,
        None => return println!("unsatisfiable"),
    };
    if !solver.solve() {
        return println!("unsatisfiable, after {} decisions", solver.decisions);
    }
    let is_true = |number: i32| solver.value(literal(number)) == Some(true);
    assert!(formula.iter().all(|clause| clause.iter().any(|&number| is_true(number))), "a wrong answer");
    println!("satisfiable, after {} decisions", solver.decisions);
    if arguments.first().map(String::as_str) == Some("queens") {
        for row in 0..size {
            let cells = (0..size).map(|column| if is_true(row * size + column + 1) { " Q" } else { " ." });
            println!("{}", cells.collect::<String>());
        }
    } else {
        let answer = (1..=variables as i32).map(|number| if is_true(number) { number } else { -number });
        println!("{}", answer.map(|number| number.to_string()).collect::<Vec<_>>().join(" "));
    }
}
