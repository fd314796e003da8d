public import Datasets
import Foundation
import Media
import Reporting
import Synchronization

/// Edits the images of a folder and of the folders in it, on all cores; names and tree stay.
public struct ImageBatch: Sendable {
    /// What came of it.
    public struct Result: Sendable, Hashable {
        /// Images that were written.
        public var numWritten = 0
        /// Images that were there already.
        public var numSkipped = 0
        /// Files that are no images by their names.
        public var numOthers = 0
        /// What could not be read or written, with the reason, in the order of the names.
        public var failures: [String] = []
    }

    /// The images, relative to the input folder, in the order of their names.
    public let images: [String]
    private let numOthers: Int
    private let input: String
    private let output: String
    private let edit: ImageEdit

    private static let endings: Set = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jp2", "ppm", "pgm"]

    /// Finds the images.
    ///
    /// - Parameters:
    ///   - input: a folder, or one image.
    ///   - output: a folder; it is made.
    /// - Throws: when there are none, or output and input are the same.
    public init(input: String, output: String, edit: ImageEdit) throws(DataError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) else {
            throw DataError("there is no such file or folder", file: input)
        }
        var files: [String]
        if isFolder.boolValue {
            self.input = input
            // Links to folders are not followed, so that a circle of them has an end.
            files = FileManager.default.enumerator(atPath: input)?.compactMap { $0 as? String }.sorted() ?? []
            files = files.filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: "\(input)/\(path)", isDirectory: &isFolder)
                    && !isFolder.boolValue
            }
        } else {
            let url = URL(fileURLWithPath: input)
            self.input = url.deletingLastPathComponent().path
            files = [url.lastPathComponent]
        }
        let images = files.filter {
            Self.endings.contains(URL(fileURLWithPath: $0).pathExtension.lowercased())
                && !$0.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        if images.isEmpty { throw DataError("the folder has no images", file: input) }
        let places = [self.input, output].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardized.path }
        if places[0] == places[1] || places[1].hasPrefix(places[0] + "/") {
            throw DataError(
                "write the images into a folder outside of '\(input)', so that the originals stay", file: output)
        }
        self.images = images
        numOthers = files.count - images.count
        self.output = output
        self.edit = edit
        var names: [String: String] = [:]
        for image in images {
            if let other = names.updateValue(image, forKey: name(of: image)) {
                throw DataError(
                    "'\(other)' and '\(image)' would both become '\(name(of: image))': rename one of them", file: input)
            }
        }
    }

    /// The name that an image is written under.
    func name(of image: String) -> String {
        let url = URL(fileURLWithPath: image), ending = url.pathExtension
        let isSame = ImageEdit.Format(rawValue: ending.lowercased()) != nil || ending.lowercased() == "jpeg"
        let format = edit.format ?? ImageEdit.Format(ending: ending)
        let isKept = isSame && ImageEdit.Format(ending: ending) == format
        return isKept ? image : String(image.dropLast(ending.count)) + format.rawValue
    }

    /// Edits all images.
    ///
    /// - Parameters:
    ///   - overwrites: writes images anew that are there already.
    ///   - jobs: how many at once; nil for one a core.
    public func run(overwrites: Bool = false, jobs: Int? = nil) -> Result {
        let jobs = jobs ?? ProcessInfo.processInfo.activeProcessorCount
        let bar = ProgressBar(title: "images", unit: "image", total: images.count, delaySeconds: 2)
        defer { bar.finish() }
        let found = Mutex([Int: String]()), counts = Mutex((written: 0, skipped: 0)), next = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, images.count))) { _ in
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < images.count else { return }
                let target = "\(output)/\(name(of: images[index]))"
                if !overwrites, FileManager.default.fileExists(atPath: target) {
                    counts.withLock { $0.skipped += 1 }
                } else {
                    do {
                        try write(images[index], to: target)
                        counts.withLock { $0.written += 1 }
                    } catch {
                        found.withLock { $0[index] = "\(error)" }
                    }
                }
                bar.advance()
            }
        }
        let failures = found.withLock { found in found.keys.sorted().compactMap { found[$0] } }
        let (written, skipped) = counts.withLock { $0 }
        return Result(numWritten: written, numSkipped: skipped, numOthers: numOthers, failures: failures)
    }

    private func write(_ image: String, to target: String) throws {
        let path = "\(input)/\(image)"
        let edited = try edit.applied(to: try Image(decoding: .file(path: path)), name: path)
        let url = URL(fileURLWithPath: target)
        let bytes = try edit.encoded(edited, ending: url.pathExtension)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: url, options: .atomic)
    }
}
