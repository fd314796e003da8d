import Datasets

/// Rows by number, to be encoded.
protocol RowSource: Sendable {
    var count: Int { get }
    func row(_ number: Int) -> DataRow
    /// Where a row is, without reading it.
    func origin(_ number: Int) -> RowOrigin
    /// The size of a row's texts; nil where tokens cannot be told from it.
    func textSize(_ number: Int) -> TextSize?
}

extension RowSelection: RowSource {
    func row(_ number: Int) -> DataRow { self[number] }
}
