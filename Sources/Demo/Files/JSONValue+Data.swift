import Foundation
import JSON

extension JSONValue {
    /// A file of the demo, pleasant to read: UTF-8 with a line end at the end, values nested deeper than `openLevels` on one
    /// line.
    func data(openLevels: Int = 3) -> Data { Data((text(indent: 2, numOpenLevels: openLevels) + "\n").utf8) }
}
