import Crypto
import Foundation

/// Computes a file's checksum while it is written.
struct ContentCheck {
    private var sha256 = SHA256()
    private var sha1 = Insecure.SHA1()
    private let checksum: HubFile.Checksum?

    /// - Parameter size: the whole content's bytes, which Git puts before it.
    init(_ checksum: HubFile.Checksum?, size: Int?) {
        self.checksum = checksum
        if case .gitBlob = checksum, let size { sha1.update(data: Data("blob \(size)\0".utf8)) }
    }

    mutating func add(_ data: Data) {
        switch checksum {
        case .sha256: sha256.update(data: data)
        case .gitBlob: sha1.update(data: data)
        case nil: break
        }
    }

    /// The content's checksum when it is not the expected one; nil when all is well.
    func mismatch() -> String? {
        func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        switch checksum {
        case .sha256(let expected):
            let actual = hexadecimal(sha256.finalize())
            return actual == expected ? nil : "SHA-256 \(actual) where \(expected) is expected"
        case .gitBlob(let expected):
            let actual = hexadecimal(sha1.finalize())
            return actual == expected ? nil : "Git's SHA-1 \(actual) where \(expected) is expected"
        case nil: return nil
        }
    }
}
