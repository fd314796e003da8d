public import Basics
import Glibc
import JSON

/// A TensorBoard event file, as torch's SummaryWriter writes it: TFRecord framing, one `Event` message a record.
///
/// Every record is in the file when the call returns, so that TensorBoard can follow a run and a killed run loses nothing.
public final class EventFile: Sendable {
    /// The file's path: `<folder>/events.out.tfevents.<seconds>.<host>.<pid>.<n>`.
    public let path: String
    private let file: AppendFile

    /// Hugging Face's folder for one run's events: `<output_dir>/runs/Nov20_22-25-21_<host>`, in local time.
    public static func defaultFolder(outputFolder: String, wallTime: Double = EventFile.now()) -> String {
        var seconds = time_t(wallTime)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        // %b would follow the locale; the reference always has English names.
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let count = strftime(&buffer, buffer.count, "%d_%H-%M-%S", &parts)
        let stamp = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(outputFolder)/runs/\(months[Int(max(0, min(11, parts.tm_mon)))])\(stamp)_\(hostName())"
    }

    /// Makes the folder and a new event file in it.
    /// - Parameter purgeStep: when a run resumes into the same folder, the first step that it will write again:
    ///   TensorBoard then forgets what an earlier file of the folder says about this step and later ones.
    public init(folder: String, purgeStep: Int? = nil, wallTime: Double = EventFile.now()) throws(FileError) {
        try Files.makeFolder(folder)
        let digits = String(Int(wallTime))
        let stamp = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        var number = 0
        var candidate: String
        repeat {
            candidate = "\(folder)/events.out.tfevents.\(stamp).\(Self.hostName()).\(getpid()).\(number)"
            number += 1
        } while access(candidate, F_OK) == 0
        path = candidate
        file = try AppendFile(candidate)
        try append(step: 0, wallTime: wallTime) { event in
            event.string(3, "brain.Event:2")
            event.message(10) { $0.string(1, "tensorboard.summary.writer.event_file_writer") }
        }
        if let purgeStep {
            // SessionLog with status START.
            try append(step: purgeStep, wallTime: wallTime) { event in event.message(7) { $0.varint(1, 1) } }
        }
    }

    /// Writes one number, in single precision as TensorBoard stores it.
    public func scalar(_ tag: String, _ value: Double, step: Int, wallTime: Double = EventFile.now())
        throws(FileError)
    {
        try append(step: step, wallTime: wallTime) { event in
            event.message(5) { summary in
                summary.message(1) {
                    $0.string(1, tag)
                    $0.float(2, Float(value))
                }
            }
        }
    }

    /// Writes one text (TensorBoard shows Markdown), under the tag `<tag>/text_summary`.
    public func text(_ tag: String, _ text: String, step: Int = 0, wallTime: Double = EventFile.now())
        throws(FileError)
    {
        try append(step: step, wallTime: wallTime) { event in
            event.message(5) { summary in
                summary.message(1) { value in
                    value.string(1, tag + "/text_summary")
                    value.message(8) { tensor in
                        tensor.varint(1, 7)  // DT_STRING
                        tensor.message(2) { shape in shape.message(2) { $0.varint(1, 1) } }
                        tensor.string(8, text)
                    }
                    value.message(9) { metadata in metadata.message(1) { $0.string(1, "text") } }
                }
            }
        }
    }

    /// Writes one entry of the log history as Hugging Face's callback does: `eval_loss` becomes `eval/loss`, everything
    /// else `train/…`; numbers are scalars, strings are texts; `step` itself is no curve.
    public func log(_ record: LogRecord, step: Int, wallTime: Double = EventFile.now()) throws(FileError) {
        for entry in record.entries where entry.key != "step" {
            let tag = Self.tag(for: entry.key)
            switch entry.value {
            case .int, .largeInt, .double: try scalar(tag, entry.value.number ?? 0, step: step, wallTime: wallTime)
            case .bool(let value): try scalar(tag, value ? 1 : 0, step: step, wallTime: wallTime)
            case .string(let value): try text(tag, value, step: step, wallTime: wallTime)
            case .null, .array, .object: break  // the reference drops these too
            }
        }
    }

    /// The tag of a key of the log history.
    public static func tag(for key: String) -> String {
        for split in ["eval", "test"] where key.hasPrefix(split + "_") {
            return "\(split)/\(key.dropFirst(split.count + 1))"
        }
        return "train/" + key
    }

    /// Seconds since 1970 with microseconds.
    public static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec / 1000) / 1e6
    }

    private func append(step: Int, wallTime: Double, _ content: (inout ProtobufMessage) -> Void) throws(FileError) {
        var event = ProtobufMessage()
        event.double(1, wallTime)
        if step != 0 { event.varint(2, Int64(step)) }
        content(&event)
        try file.append(Self.framed(event.bytes))
    }

    /// TFRecord: length, its masked checksum, the data, its masked checksum; little-endian.
    static func framed(_ data: [UInt8]) -> [UInt8] {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
        let length = bytes(UInt64(data.count))
        return length + bytes(CRC32C.masked(length)) + data + bytes(CRC32C.masked(data))
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
