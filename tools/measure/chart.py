"""Latency curves as an SVG: latency over the percentile, both logarithmic, a panel per load."""
import math
import statistics

COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
WIDTH, PANEL, LEFT, TOP, BOTTOM, RIGHT = 860, 360, 80, 70, 45, 30


class Panel:
    """The curves of one load: of each server the median of its rounds, in a band from the least to the greatest."""

    def __init__(self, result):
        self.result = result
        samples = min(measured['samples'] for rounds in result['rounds'].values() for measured in rounds)
        self.decades = max(1, min(6, math.floor(math.log10(max(samples, 1)))))
        self.curves = {}
        for name, rounds in result['rounds'].items():
            columns = list(zip(*[[max(latency, 0.1) for _, latency in measured['curve']] for measured in rounds]))
            self.curves[name] = [(min(column), statistics.median(column), max(column))
                                 for column in columns[:self.decades * 10 + 1]]
        latencies = [latency for curve in self.curves.values() for point in curve for latency in point]
        self.low, self.high = math.log10(min(latencies)) - 0.05, math.log10(max(latencies)) + 0.05

    def x(self, decade):
        return LEFT + decade / self.decades * (WIDTH - LEFT - RIGHT)

    def y(self, latency):
        return TOP + (self.high - math.log10(latency)) / (self.high - self.low) * (PANEL - TOP - BOTTOM)

    def draw(self, title):
        parts = [f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{escape(self.result["load"])}'
                 f'<tspan dx="12" font-size="12" font-weight="normal">{escape(self.result["arguments"])}</tspan></text>'
                 f'<text x="{LEFT}" y="42" fill="#777">{escape(title)}</text>']
        parts += self.draw_grid()
        parts += [self.draw_curve(number, name) for number, name in enumerate(self.curves)]
        parts.append(f'<text x="{WIDTH / 2}" y="{PANEL - 10}" text-anchor="middle" fill="#777">percentile</text>')
        return '\n'.join(parts)

    def draw_grid(self):
        marks = [(0, '0%'), (math.log10(2), '50%')]
        marks += [(at, f'{100 - 100 / 10 ** at:.{max(0, at - 2)}f}%') for at in range(1, self.decades + 1)]
        parts = [grid_line(self.x(at), TOP, self.x(at), PANEL - BOTTOM) +
                 f'<text x="{self.x(at):.1f}" y="{PANEL - BOTTOM + 18}" text-anchor="middle">{label}</text>'
                 for at, label in marks]
        return parts + [grid_line(LEFT, self.y(latency), WIDTH - RIGHT, self.y(latency)) +
                        f'<text x="{LEFT - 8}" y="{self.y(latency) + 4:.1f}" text-anchor="end">'
                        f'{latency_text(latency)}</text>' for latency in ticks(self.low, self.high)]

    def draw_curve(self, number, name):
        curve = self.curves[name]
        colour = COLOURS[number % len(COLOURS)]
        dash = '' if number < len(COLOURS) else ' stroke-dasharray="6 3"'
        x_values = [self.x(point / 10) for point in range(len(curve))]
        line = ' '.join(f'{x:.1f},{self.y(point[1]):.1f}' for x, point in zip(x_values, curve))
        edge = [f'{x:.1f},{self.y(point[0]):.1f}' for x, point in zip(x_values, curve)]
        edge += [f'{x:.1f},{self.y(point[2]):.1f}' for x, point in zip(x_values, curve)][::-1]
        return (f'<polygon points="{" ".join(edge)}" fill="{colour}" opacity="0.15"/>'
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
                f'<g transform="translate({LEFT + number * 120} 58)">'
                f'<line x2="20" stroke="{colour}" stroke-width="3"{dash}/>'
                f'<text x="26" y="4">{escape(name)}</text></g>')


def draw_curves(results, title):
    """The drawing, from results with a load's name, its arguments and the rounds of each server."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{PANEL * len(results)}" '
             'font-family="sans-serif" font-size="12" fill="#333">',
             '<rect width="100%" height="100%" fill="white"/>']
    for index, result in enumerate(results):
        parts.append(f'<g transform="translate(0 {PANEL * index})">{Panel(result).draw(title)}</g>')
    return '\n'.join(parts + ['</svg>\n'])


def grid_line(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def ticks(low, high):
    """1, 2 and 5 of each decade; the decades alone when that would be crowded."""
    steps = (1, 2, 5) if high - low < 3 else (1,)
    values = [step * 10.0 ** decade for decade in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    return [value for value in values if low <= math.log10(value) <= high]


def latency_text(us):
    for limit, unit in ((1e6, 's'), (1e3, 'ms')):
        if us >= limit:
            return f'{us / limit:g} {unit}'
    return f'{us:g} us'


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
