// The shortest way between two stations, found with Dijkstra's algorithm over a typed graph.
//
//   isorun run examples/routes.ts --check
//
// The value of the run is the last expression: the route with its stops and minutes.

interface Link {
  to: string;
  minutes: number;
}

type Network = Record<string, Link[]>;

const network: Network = {
  Harbour: [{ to: "Market", minutes: 4 }, { to: "Museum", minutes: 9 }],
  Market: [{ to: "Museum", minutes: 3 }, { to: "Station", minutes: 8 }],
  Museum: [{ to: "Station", minutes: 4 }, { to: "Airport", minutes: 21 }],
  Station: [{ to: "Airport", minutes: 12 }],
  Airport: [],
};

interface Route {
  minutes: number;
  stops: string[];
}

function fastest(from: string, to: string): Route | null {
  const open: Route[] = [{ minutes: 0, stops: [from] }];
  const seen = new Set<string>();
  while (open.length > 0) {
    open.sort((one, other) => one.minutes - other.minutes);
    const route = open.shift()!;
    const here = route.stops.at(-1)!;
    if (here === to) return route;
    if (seen.has(here)) continue;
    seen.add(here);
    for (const link of network[here] ?? []) {
      open.push({ minutes: route.minutes + link.minutes, stops: [...route.stops, link.to] });
    }
  }
  return null;
}

const route = fastest("Harbour", "Airport");
console.log(route ? `${route.stops.join(" - ")}: ${route.minutes} minutes` : "no way");
route;
