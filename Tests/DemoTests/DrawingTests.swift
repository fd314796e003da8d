import Foundation
import Testing

@testable import Demo

@Suite("Drawing") struct DrawingTests {
    /// Numbers of pixels that differ between two pictures.
    private func numDifferent(_ one: Canvas, _ other: Canvas) -> Int {
        let (first, second) = (one.rgb(), other.rgb())
        return stride(from: 0, to: first.count, by: 3).filter { first[$0..<$0 + 3] != second[$0..<$0 + 3] }.count
    }

    private func picture(_ scene: Scene) throws -> Canvas {
        var random = DemoRandom(seed: 1)
        return try SceneArtist().draw(scene, using: &random)
    }

    @Test("Every kind of thing looks different from every other")
    func kinds() throws {
        let pictures = try ItemKind.allCases.map {
            try picture(Scene(slots: [.init(kind: $0, count: 3), nil, nil, nil]))
        }
        var numCompared = 0
        for one in pictures.indices {
            for other in pictures.indices where other > one {
                #expect(numDifferent(pictures[one], pictures[other]) > 150)
                numCompared += 1
            }
        }
        #expect(numCompared == 10)
    }

    @Test("Another count changes pixels near its own corner only")
    func digits() throws {
        let three = try picture(Scene(slots: [nil, nil, nil, .init(kind: .lamp, count: 3)])).rgb()
        for count in [1, 2, 4, 5, 6, 7, 8, 9] {
            let other = try picture(Scene(slots: [nil, nil, nil, .init(kind: .lamp, count: count)])).rgb()
            let changed = stride(from: 0, to: three.count, by: 3).filter { three[$0..<$0 + 3] != other[$0..<$0 + 3] }
            #expect(changed.count > 10)
            #expect(changed.allSatisfy { $0 / 3 % 112 >= 96 && $0 / 3 / 112 >= 96 })
        }
    }

    @Test("A PNG holds the pixels of its canvas")
    func png() throws {
        let canvas = try Canvas(width: 5, height: 3)
        canvas.fillAll(.plain(Colour(red: 1, green: 0.2, blue: 0)))
        let file = try canvas.png()
        #expect(file.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(Array(file[16..<26]) == [0, 0, 0, 5, 0, 0, 0, 3, 8, 2])
        #expect(canvas.rgb() == Array(repeating: [255, 51, 0], count: 15).flatMap { $0 })
    }
}
