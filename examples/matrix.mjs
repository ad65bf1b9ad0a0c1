// Determinant of a matrix by Gaussian elimination; rows come on standard input, with `;` between.
//
//   isorun run --isolation docker examples/matrix.mjs --stdin '2 0 1; 1 3 2; 1 1 4'
import { readFileSync } from "node:fs";

const rows = readFileSync(0, "utf8").split(";").map((line) => line.trim().split(/\s+/).map(Number));

function determinant(matrix) {
  const m = matrix.map((row) => [...row]);
  let result = 1;
  for (let column = 0; column < m.length; column++) {
    const pivot = m.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivot < 0) return 0;
    if (pivot !== column) {
      [m[pivot], m[column]] = [m[column], m[pivot]];
      result = -result;
    }
    result *= m[column][column];
    for (let row = column + 1; row < m.length; row++) {
      const factor = m[row][column] / m[column][column];
      for (let k = column; k < m.length; k++) m[row][k] -= factor * m[column][k];
    }
  }
  return result;
}

console.log(`determinant ${determinant(rows).toFixed(3)} in Node.js ${process.versions.node.split(".")[0]}`);
