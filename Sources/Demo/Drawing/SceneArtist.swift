import Foundation

/// Turns a scene into a picture of 112 x 112 pixels: four slots of 56 x 56, each a multiple of the model's 28-pixel token.
struct SceneArtist {
    /// Side of the picture in pixels.
    static let side = 112
    private static let slotSide = 56.0

    /// Draws `scene`; colours, positions, sizes, viewpoints and noise come from `random`.
    func draw(_ scene: Scene, using random: inout DemoRandom) throws -> Canvas {
        let canvas = try Canvas(width: Self.side, height: Self.side)
        drawBackground(on: canvas, using: &random)
        for (index, item) in scene.slots.enumerated() {
            guard let item else { continue }
            draw(item, slot: index, on: canvas, using: &random)
        }
        canvas.addNoise(deviation: random.real(1.5, 5), using: &random)
        return canvas
    }

    /// A light wall that turns into a slightly darker floor.
    private func drawBackground(on canvas: Canvas, using random: inout DemoRandom) {
        let wall = Colour(hue: random.unit(), saturation: random.real(0.02, 0.16), value: random.real(0.9, 1))
        let side = Double(Self.side)
        let drift = random.real(-40, 40)
        canvas.fillAll(
            .linear(
                start: Canvas.Point(side / 2 - drift, 0), end: Canvas.Point(side / 2 + drift, side),
                stops: [(0, wall), (1, wall.darker(random.real(0.05, 0.14)))]))
    }

    private func draw(_ item: Scene.Item, slot: Int, on canvas: Canvas, using random: inout DemoRandom) {
        let isLeft = slot % 2 == 0
        let isUpper = slot < 2
        let corner = Canvas.Point(isLeft ? 0 : Self.slotSide, isUpper ? 0 : Self.slotSide)
        // Things stand towards the middle of the picture, numbers in its corners.
        let centre = Canvas.Point(
            corner.x + Self.slotSide / 2 + (isLeft ? 3 : -3) + random.real(-2.5, 2.5),
            corner.y + Self.slotSide / 2 + (isUpper ? 3 : -2) + random.real(-2.5, 2.5))
        let colour = Colour(hue: random.unit(), saturation: random.real(0.55, 0.95), value: random.real(0.6, 0.9))
        let artist = ItemArtist(kind: item.kind, colour: colour, variation: random.unit())
        canvas.at(centre, scale: random.real(16.5, 20), turned: random.real(-0.06, 0.06)) { artist.draw(on: canvas) }

        drawNumber(item.count, slotCorner: corner, isLeft: isLeft, isUpper: isUpper, on: canvas, using: &random)
    }

    /// A dark number on a pale plate, whole inside the slot's outermost patch of 14 x 14 pixels.
    private func drawNumber(
        _ number: Int, slotCorner corner: Canvas.Point, isLeft: Bool, isUpper: Bool, on canvas: Canvas,
        using random: inout DemoRandom
    ) {
        let place = Canvas.Point(
            corner.x + (isLeft ? 7 : Self.slotSide - 7) + random.real(-0.5, 0.5),
            corner.y + (isUpper ? 7 : Self.slotSide - 7) + random.real(-0.4, 0.4))
        let ink = Colour(hue: random.unit(), saturation: random.real(0, 0.8), value: random.real(0, 0.25))
        canvas.fillEllipse(centre: place, radiusX: 8.6, radiusY: 8.6, .plain(.white, alpha: 0.9))
        canvas.drawNumber(
            number, centre: place, height: random.real(10, 10.8), pen: random.real(1.9, 2.3), ink,
            slant: random.real(0, 0.06))
    }
}
