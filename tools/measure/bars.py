"""Figures of several servers as bars in an SVG: a panel per unit, a group of bars per row."""
from measure.chart import COLOURS, escape

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860, 200, 80, 60, 12, 8


def draw_panel(panel, names, top):
    """The parts of a panel, and the height below which the next one begins."""
    longest = max((value for _, figures in panel['bars'] for value in figures.values() if value is not None), default=1)
    parts = [f'<text x="20" y="{top + 24}" font-size="15" font-weight="bold">{escape(panel["title"])}</text>']
    for number, name in enumerate(names):
        x = LEFT + number * 120
        parts.append(f'<rect x="{x}" y="{top + 36}" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>'
                     f'<text x="{x + 18}" y="{top + 46}">{escape(name)}</text>')
    y = top + TOP
    for label, figures in panel['bars']:
        parts.append(f'<text x="{LEFT - 8}" y="{y + len(names) * BAR / 2 + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        for number, name in enumerate(names):
            parts += draw_bar(y + number * BAR, figures[name], longest, COLOURS[number % len(COLOURS)])
        y += len(names) * BAR + GAP
    return parts, y + GAP


def draw_bar(y, value, longest, colour):
    if value is None:
        return [f'<text x="{LEFT + 4}" y="{y + BAR - 2}" font-size="10" fill="#777">-</text>']
    width = value / longest * (WIDTH - LEFT - RIGHT)
    return [f'<rect x="{LEFT}" y="{y}" width="{max(width, 0):.1f}" height="{BAR - 1}" fill="{colour}"/>'
            f'<text x="{LEFT + max(width, 0) + 4:.1f}" y="{y + BAR - 2}" font-size="10">{value:.3g}</text>']


def draw_bars(panels, names):
    """The drawing, of panels with a title and bars: (label, figure or None by name)."""
    parts, top = [], 0
    for panel in panels:
        some, top = draw_panel(panel, names, top)
        parts += some
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" font-family="sans-serif" font-size="12" '
            'fill="#333">')
    return '\n'.join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, '</svg>\n'])
