import Foundation

/// A page of test samples to look at: each picture with its rule in symbols and a green tick or a red cross for the answer.
struct ContactSheet {
    static let numColumns = 6
    static let numRows = 4
    static var numSamples: Int { numColumns * numRows }

    private static let margin = 10.0
    private static let pictureSide = 168.0
    private static let captionHeight = 38.0
    private let canvas: Canvas

    /// Draws `samples`, row by row.
    init(samples: [DemoSample]) throws {
        let cell = (width: Self.pictureSide + Self.margin, height: Self.pictureSide + Self.captionHeight + Self.margin)
        let numRows = (samples.count + Self.numColumns - 1) / Self.numColumns
        canvas = try Canvas(
            width: Int(cell.width * Double(Self.numColumns) + Self.margin),
            height: Int(cell.height * Double(numRows) + Self.margin))
        canvas.fillAll(.plain(Colour(red: 0.97, green: 0.97, blue: 0.96)))
        for (index, sample) in samples.enumerated() {
            let origin = Canvas.Point(
                Self.margin + Double(index % Self.numColumns) * cell.width,
                Self.margin + Double(index / Self.numColumns) * cell.height)
            var random = sample.random
            let picture = try SceneArtist().draw(sample.scene, using: &random)
            canvas.draw(picture, at: origin, scale: Self.pictureSide / Double(SceneArtist.side))
            if let rule = sample.rule {
                let line = origin.y + Self.pictureSide + Self.captionHeight / 2
                drawRule(rule, at: Canvas.Point(origin.x + 18, line))
                drawAnswer(rule.isMet(by: sample.scene), at: Canvas.Point(origin.x + Self.pictureSide - 20, line))
            }
        }
    }

    func png() throws -> Data { try canvas.png() }

    private static let ink = Colour(red: 0.2, green: 0.2, blue: 0.22)

    /// "lamp > ring" or "lamp >= 3" with a small drawing for each thing.
    private func drawRule(_ rule: Rule, at place: Canvas.Point) {
        let second = Canvas.Point(place.x + 72, place.y)
        let sign = Canvas.Point(place.x + 36, place.y)
        switch rule.condition {
        case .more(let kind, let other):
            drawThing(kind, at: place)
            drawSign(pointsRight: true, isOrEqual: false, at: sign)
            drawThing(other, at: second)
        case .fewer(let kind, let other):
            drawThing(kind, at: place)
            drawSign(pointsRight: false, isOrEqual: false, at: sign)
            drawThing(other, at: second)
        case .atLeast(let count, let kind):
            drawThing(kind, at: place)
            drawSign(pointsRight: true, isOrEqual: true, at: sign)
            canvas.drawNumber(count, centre: second, height: 16, pen: 2.6, Self.ink)
        case .atMost(let count, let kind):
            drawThing(kind, at: place)
            drawSign(pointsRight: false, isOrEqual: true, at: sign)
            canvas.drawNumber(count, centre: second, height: 16, pen: 2.6, Self.ink)
        }
    }

    private func drawThing(_ kind: ItemKind, at place: Canvas.Point) {
        let colour = Colour(hue: 0.58, saturation: 0.45, value: 0.7)
        canvas.at(place, scale: 14) { ItemArtist(kind: kind, colour: colour, variation: 0.5).draw(on: canvas) }
    }

    private func drawSign(pointsRight: Bool, isOrEqual: Bool, at place: Canvas.Point) {
        let reach = pointsRight ? 7.0 : -7.0
        let raise = isOrEqual ? -3.0 : 0
        canvas.strokeLine(
            [
                Canvas.Point(place.x - reach, place.y - 7 + raise), Canvas.Point(place.x + reach, place.y + raise),
                Canvas.Point(place.x - reach, place.y + 7 + raise),
            ], width: 2.6, Self.ink)
        if isOrEqual {
            canvas.strokeLine(
                [Canvas.Point(place.x - 7, place.y + 9), Canvas.Point(place.x + 7, place.y + 9)], width: 2.6, Self.ink)
        }
    }

    private func drawAnswer(_ isMet: Bool, at place: Canvas.Point) {
        let green = Colour(red: 0.13, green: 0.6, blue: 0.3)
        let red = Colour(red: 0.8, green: 0.2, blue: 0.2)
        canvas.fillEllipse(centre: place, radiusX: 14, radiusY: 14, .plain(isMet ? green : red))
        let strokes =
            isMet
            ? [[Canvas.Point(-6, 0), Canvas.Point(-2, 5), Canvas.Point(7, -5)]]
            : [
                [Canvas.Point(-5, -5), Canvas.Point(5, 5)], [Canvas.Point(-5, 5), Canvas.Point(5, -5)],
            ]
        canvas.at(place) {
            for stroke in strokes { canvas.strokeLine(stroke, width: 3.2, .white) }
        }
    }
}
