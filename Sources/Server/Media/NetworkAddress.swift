import Foundation

/// An IP address, and whether it belongs to the public internet.
struct NetworkAddress: Sendable, Equatable {
    /// Four or sixteen bytes.
    let bytes: [UInt8]
    /// As it is written: `93.184.216.34`.
    let text: String

    /// All addresses of a host, as the system resolves it. Blocks; numbers in any notation count as addresses.
    static func resolve(_ host: String) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [NetworkAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = info.ai_addr.flatMap({ NetworkAddress($0, length: info.ai_addrlen) }) {
                addresses.append(address)
            }
            entry = info.ai_next
        }
        return addresses
    }

    private init?(_ address: UnsafeMutablePointer<sockaddr>, length: socklen_t) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    init(bytes: [UInt8], text: String = "") {
        self.bytes = bytes
        self.text = text
    }

    /// False for this machine, private networks, link-local, multicast, documentation and reserved ranges, also where IPv6
    /// addresses carry IPv4 ones.
    var isPublic: Bool {
        if bytes.count == 4 { return Self.isPublic(v4: bytes) }
        guard bytes.count == 16 else { return false }
        let zeros = bytes.prefix { $0 == 0 }.count
        // ::, ::1, IPv4-compatible and IPv4-mapped.
        if zeros >= 10 {
            let isMapped = bytes[10] == 0xFF && bytes[11] == 0xFF
            return isMapped && Self.isPublic(v4: Array(bytes[12...]))
        }
        switch (bytes[0], bytes[1]) {
        case (0x00, 0x64) where bytes[2] == 0xFF && bytes[3] == 0x9B:
            return bytes[4..<12].allSatisfy { $0 == 0 } && Self.isPublic(v4: Array(bytes[12...]))
        case (0x20, 0x02): return Self.isPublic(v4: Array(bytes[2..<6]))
        // Teredo, ORCHID, documentation.
        case (0x20, 0x01): return !(bytes[2] < 0x02 || (bytes[2] == 0x0D && bytes[3] == 0xB8))
        default: return bytes[0] & 0xE0 == 0x20  // Only 2000::/3 is global unicast.
        }
    }

    private static func isPublic(v4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
        case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _), (198, 18...19, _): false
        case (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113): false
        default: true
        }
    }
}
