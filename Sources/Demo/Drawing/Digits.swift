import Foundation

/// The digits 0 to 9 as pen strokes, so that pictures do not depend on the fonts of a machine.
enum Digits {
    /// The strokes of `digit` in a box 0.6 wide and 1 high, y down; empty for anything but 0...9.
    static func strokes(of digit: Int) -> [[Canvas.Point]] {
        switch digit {
        case 0: [arc(0.3, 0.5, 0.3, 0.5, from: 0, to: 360)]
        case 1: [[point(0.08, 0.24), point(0.36, 0), point(0.36, 1)], [point(0.1, 1), point(0.6, 1)]]
        case 2: [arc(0.3, 0.29, 0.29, 0.29, from: 190, to: 385) + [point(0.02, 1), point(0.6, 1)]]
        case 3:
            [arc(0.27, 0.25, 0.28, 0.25, from: 205, to: 450) + arc(0.27, 0.74, 0.32, 0.26, from: 275, to: 515)]
        case 4: [[point(0.44, 1), point(0.44, 0), point(0, 0.68), point(0.6, 0.68)]]
        case 5:
            [
                [point(0.54, 0), point(0.1, 0), point(0.05, 0.45)]
                    + arc(0.27, 0.68, 0.32, 0.32, from: 230, to: 510)
            ]
        case 6: sixStrokes
        case 7: [[point(0, 0), point(0.6, 0), point(0.2, 1)]]
        case 8:
            [arc(0.3, 0.24, 0.25, 0.24, from: 0, to: 360), arc(0.3, 0.74, 0.3, 0.26, from: 0, to: 360)]
        case 9: sixStrokes.map { $0.map { point(0.6 - $0.x, 1 - $0.y) } }
        default: []
        }
    }

    private static let sixStrokes = [
        arc(0.3, 0.68, 0.3, 0.32, from: 0, to: 360), arc(0.62, 0.66, 0.62, 0.66, from: 180, to: 255),
    ]

    private static func point(_ x: Double, _ y: Double) -> Canvas.Point { Canvas.Point(x, y) }

    /// Points on an ellipse; degrees run clockwise on the screen from the right.
    private static func arc(
        _ x: Double, _ y: Double, _ radiusX: Double, _ radiusY: Double, from start: Double, to end: Double
    ) -> [Canvas.Point] {
        stride(from: start, through: end, by: (end - start) / 24).map { degrees in
            let radians = degrees * .pi / 180
            return point(x + radiusX * cos(radians), y + radiusY * sin(radians))
        }
    }
}

extension Canvas {
    /// `number`'s digits side by side, `height` pixels high, centred on `centre`, drawn with a pen `pen` pixels wide.
    func drawNumber(_ number: Int, centre: Point, height: Double, pen: Double, _ colour: Colour, slant: Double = 0) {
        let digits = String(number).compactMap(\.wholeNumberValue)
        let advance = 0.6 * height + 1.6 * pen
        let left = centre.x - (Double(digits.count) * advance - 1.6 * pen) / 2
        for (index, digit) in digits.enumerated() {
            for stroke in Digits.strokes(of: digit) {
                strokeLine(
                    stroke.map { point in
                        Point(
                            left + Double(index) * advance + (point.x + slant * (0.5 - point.y)) * height,
                            centre.y + (point.y - 0.5) * height)
                    }, width: pen, colour)
            }
        }
    }
}
