import Foundation

/// Draws one thing in a box from -1 to 1 on both axes (y down), lit from the upper left.
struct ItemArtist {
    let kind: ItemKind
    /// The thing's own colour.
    let colour: Colour
    /// In 0...1: varies proportions and viewpoint from thing to thing.
    let variation: Double

    func draw(on canvas: Canvas) {
        drawShadow(on: canvas)
        switch kind {
        case .cube: drawCube(on: canvas)
        case .cylinder: drawCylinder(on: canvas)
        case .ring: drawRing(on: canvas)
        case .badge: drawBadge(on: canvas)
        case .lamp: drawLamp(on: canvas)
        }
    }

    /// A soft shadow on the ground; a badge hangs and has none.
    private func drawShadow(on canvas: Canvas) {
        guard kind != .badge else { return }
        canvas.at(Canvas.Point(0.1, 0.9)) {
            canvas.at(Canvas.Point(0, 0), scale: 1) {
                canvas.fillEllipse(
                    centre: Canvas.Point(0, 0), radiusX: 0.85, radiusY: 0.2,
                    .radial(
                        centre: Canvas.Point(0, 0), radius: 0.85,
                        stops: [(0, .black, 0.38), (0.55, .black, 0.2), (1, .black, 0)]))
            }
        }
    }

    /// Left to right over a round body: dark edge, bright stripe, dark edge.
    private func roundBody(from left: Double, to right: Double, _ base: Colour) -> Canvas.Paint {
        .linear(
            start: Canvas.Point(left, 0), end: Canvas.Point(right, 0),
            stops: [
                (0, base.darker(0.25)), (0.3, base.lighter(0.45)), (0.55, base), (1, base.darker(0.5)),
            ])
    }
}

extension ItemArtist {
    /// A cube in perspective: three visible faces of different brightness.
    private func drawCube(on canvas: Canvas) {
        let turn = (variation - 0.5) * 0.36
        let lean = 0.36 + 0.1 * variation
        let near = Canvas.Point(turn, -0.1)
        let left = Canvas.Point(-0.86, -0.1 - lean * 0.62 + turn * 0.2)
        let right = Canvas.Point(0.86, -0.1 - lean * 0.62 - turn * 0.2)
        let far = Canvas.Point(-turn * 0.8, -0.1 - lean * 1.75)
        // The lower edge lies farther from the eye: it shrinks a little.
        func below(_ point: Canvas.Point) -> Canvas.Point { Canvas.Point(point.x * 0.9, point.y + 0.98) }
        let leftFace = [left, near, below(near), below(left)]
        let rightFace = [near, right, below(right), below(near)]
        canvas.fillPolygon(
            leftFace,
            .linear(start: left, end: below(near), stops: [(0, colour.lighter(0.12)), (1, colour.darker(0.18))]))
        canvas.fillPolygon(
            rightFace,
            .linear(start: near, end: below(right), stops: [(0, colour.darker(0.3)), (1, colour.darker(0.55))]))
        canvas.fillPolygon(
            [left, far, right, near],
            .linear(start: left, end: right, stops: [(0, colour.lighter(0.6)), (1, colour.lighter(0.32))]))
        canvas.strokeLine([left, near, right], width: 0.035, colour.lighter(0.75), alpha: 0.7)
        canvas.strokeLine([near, below(near)], width: 0.035, colour.lighter(0.5), alpha: 0.6)
    }

    /// An upright cylinder with a bright lid.
    private func drawCylinder(on canvas: Canvas) {
        let radius = 0.56 + 0.1 * variation
        let flat = 0.2 + 0.05 * variation
        let body = roundBody(from: -radius, to: radius, colour)
        canvas.fillEllipse(centre: Canvas.Point(0, 0.72), radiusX: radius, radiusY: flat, body)
        canvas.fillRectangle(x: -radius, y: -0.68, width: 2 * radius, height: 1.4, body)
        canvas.fillEllipse(
            centre: Canvas.Point(0, -0.68), radiusX: radius, radiusY: flat,
            .linear(
                start: Canvas.Point(-radius, -0.8), end: Canvas.Point(radius, -0.5),
                stops: [(0, colour.lighter(0.7)), (1, colour.lighter(0.3))]))
        canvas.strokeEllipse(
            centre: Canvas.Point(0, -0.68), radiusX: radius, radiusY: flat, width: 0.035, colour.darker(0.3), alpha: 0.5
        )
    }

    /// A thick ring seen from a little above.
    private func drawRing(on canvas: Canvas) {
        let tall = 0.7 + 0.14 * variation
        let tilt = (variation - 0.5) * 0.7
        canvas.at(Canvas.Point(0, 0.05), turned: tilt) {
            let thick = 0.36
            canvas.fillEllipseBand(
                centre: Canvas.Point(0, 0), outer: (0.94, tall), inner: (0.94 - thick, tall - thick),
                .linear(
                    start: Canvas.Point(-0.7, -0.7), end: Canvas.Point(0.7, 0.7),
                    stops: [(0, colour.lighter(0.55)), (0.45, colour), (1, colour.darker(0.5))]))
            // The tube's upper side catches the light, its inner wall lies in shade.
            canvas.strokeEllipse(
                centre: Canvas.Point(-0.01, -0.02), radiusX: 0.94 - thick * 0.42, radiusY: tall - thick * 0.42,
                width: 0.075, colour.lighter(0.75), alpha: 0.6)
            canvas.strokeEllipse(
                centre: Canvas.Point(0, 0), radiusX: 0.95 - thick, radiusY: tall - thick + 0.01,
                width: 0.05, colour.darker(0.6), alpha: 0.7)
            canvas.strokeEllipse(
                centre: Canvas.Point(0, 0), radiusX: 0.93, radiusY: tall - 0.01, width: 0.035, colour.darker(0.5),
                alpha: 0.6)
        }
    }

    /// A badge: a five-pointed star with facets and a round boss.
    private func drawBadge(on canvas: Canvas) {
        let inner = 0.42 + 0.06 * variation
        let corners = (0..<10).map { index -> Canvas.Point in
            let angle = Double(index) * .pi / 5 - .pi / 2
            let radius = index.isMultiple(of: 2) ? 1 : inner
            return Canvas.Point(radius * cos(angle), radius * sin(angle) + 0.05)
        }
        canvas.at(Canvas.Point(0, 0), turned: (variation - 0.5) * 0.5) {
            canvas.at(Canvas.Point(0.05, 0.08)) { canvas.fillPolygon(corners, .plain(.black, alpha: 0.25)) }
            let middle = Canvas.Point(0, 0.05)
            for index in 0..<10 {
                let next = corners[(index + 1) % 10]
                let bright = index.isMultiple(of: 2)
                canvas.fillPolygon(
                    [middle, corners[index], next], .plain(bright ? colour.darker(0.28) : colour.lighter(0.4)))
            }
            canvas.strokePolygon(corners, width: 0.07, colour.darker(0.55))
            canvas.fillEllipse(
                centre: middle, radiusX: 0.24, radiusY: 0.24,
                .radial(centre: Canvas.Point(-0.08, -0.03), radius: 0.34, stops: [(0, .white, 1), (1, colour, 1)]))
            canvas.strokeEllipse(centre: middle, radiusX: 0.24, radiusY: 0.24, width: 0.04, colour.darker(0.5))
        }
    }

    /// A table lamp: shade, glow, stand and foot.
    private func drawLamp(on canvas: Canvas) {
        let top = 0.3 + 0.1 * variation
        let metal = Colour(red: 0.45, green: 0.44, blue: 0.42)
        canvas.fillEllipse(
            centre: Canvas.Point(0, 0.2), radiusX: 1, radiusY: 0.75,
            .radial(
                centre: Canvas.Point(0, 0.15), radius: 0.9,
                stops: [
                    (0, Colour(red: 1, green: 0.95, blue: 0.6), 0.9), (1, Colour(red: 1, green: 0.95, blue: 0.7), 0),
                ]))
        canvas.fillRectangle(
            x: -0.08, y: 0.05, width: 0.16, height: 0.8, roundBody(from: -0.08, to: 0.08, metal))
        canvas.fillEllipse(
            centre: Canvas.Point(0, 0.84), radiusX: 0.5, radiusY: 0.15, roundBody(from: -0.5, to: 0.5, metal))
        canvas.fillEllipse(
            centre: Canvas.Point(0, 0.1), radiusX: 0.84, radiusY: 0.14,
            .plain(Colour(red: 1, green: 0.92, blue: 0.62)))
        canvas.fillPolygon(
            [
                Canvas.Point(-top, -0.95), Canvas.Point(top, -0.95), Canvas.Point(0.86, 0.08),
                Canvas.Point(-0.86, 0.08),
            ], roundBody(from: -0.8, to: 0.8, colour))
        canvas.fillEllipse(
            centre: Canvas.Point(0, -0.95), radiusX: top, radiusY: 0.06, .plain(colour.darker(0.4)))
    }
}
