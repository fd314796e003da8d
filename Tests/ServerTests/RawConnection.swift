import Foundation

/// A TCP connection without any HTTP.
final class RawConnection: @unchecked Sendable {  // One test uses it, step by step.
    struct Failed: Error {}

    private var descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failed() }
    }

    deinit { close() }

    func send(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failed() }
            bytes = bytes.dropFirst(count)
        }
    }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    /// What the other side sends before so many seconds have passed, up to its first `count` characters.
    func received(_ count: Int, within seconds: Double = 5) async -> String {
        let end = Date().addingTimeInterval(seconds)
        var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4096)
        while Date() < end, bytes.count < count {
            let number = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if number > 0 { bytes += buffer.prefix(number) }
            if number == 0 { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Whether the other side closes before so many seconds have passed; what it sends is dropped.
    func isClosed(within seconds: Double) async -> Bool {
        let end = Date().addingTimeInterval(seconds)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while Date() < end {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count == 0 || (count < 0 && errno != EAGAIN) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}
