// The chat protocol in Swift, to start from: connects, resumes, sends each message until it is stored, confirms what has arrived,
// registers the device. iOS 15 and later, no dependency. docs/reference/chat-protocol.md is the whole of it.
import Foundation
import UIKit

struct QiaoMessage: Decodable {
    let seq: Int
    let author: String
    let text: String
    let name: String?
}

@MainActor
final class QiaoChat {
    var onMessage: (QiaoMessage) -> Void = { _ in }
    var onStored: (_ id: String) -> Void = { _ in }

    private let hub: URL
    private let site: String
    private let defaults = UserDefaults.standard
    private var socket: URLSessionWebSocketTask?
    private var waiting: [(id: String, text: String)] = []  // keep it in your database to survive a restart of the app
    private var identity: String?
    private var lastSeq = 0
    private var attempt = 0
    private var wanted = false
    private var welcomed = false

    init(hub: URL, site: String) {
        self.hub = hub
        self.site = site
    }

    /// What your server signed: PAYLOAD.SIGNATURE or a JWT.
    func identify(_ signed: String) {
        identity = signed
        if welcomed { sendIdentity() }
    }

    /// The app comes to the front.
    func start() {
        wanted = true
        if socket == nil { connect() }
    }

    /// The app goes to the background: from now on the device is woken.
    func stop() {
        wanted = false
        drop()
    }

    func send(_ text: String) {
        waiting.append((UUID().uuidString, text))
        flush()
    }

    /// Everything up to `seq` is on the screen.
    func markRead(_ seq: Int) { write(["t": "read", "seq": seq]) }

    /// From application(_:didRegisterForRemoteNotificationsWithDeviceToken:), at every start.
    func register(deviceToken: Data) async throws {
        #if DEBUG
        let sandbox = true
        #else
        let sandbox = false
        #endif
        guard let token else { return }
        var request = URLRequest(url: hub.appendingPathComponent("api/v1/visitor/device"))
        request.httpMethod = "PUT"
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONSerialization.data(withJSONObject: [
            "provider": "apns", "token": deviceToken.map { String(format: "%02x", $0) }.joined(), "sandbox": sandbox,
            "language": Locale.preferredLanguages.first ?? "zh-CN", "utc_offset": TimeZone.current.secondsFromGMT() / 60,
        ] as [String: Any])
        let (_, response) = try await URLSession.shared.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 204 else { throw URLError(.badServerResponse) }
    }

    private var token: String? {
        get { defaults.string(forKey: "qiao.\(site).token") }
        set { defaults.set(newValue, forKey: "qiao.\(site).token") }
    }

    private func connect() {
        var address = URLComponents(url: hub.appendingPathComponent("api/v1/visitor"), resolvingAgainstBaseURL: true)!
        address.scheme = hub.scheme == "https" ? "wss" : "ws"
        let task = URLSession.shared.webSocketTask(with: address.url!)
        socket = task
        task.resume()
        var hello: [String: Any] = ["t": "hello", "site": site, "receipts": true, "language": Locale.preferredLanguages.first ?? "zh-CN"]
        if let token { hello["token"] = token }
        if lastSeq > 0 { hello["last_seq"] = lastSeq }
        write(hello)
        Task { await listen(to: task) }
        Task { await ping(task) }
    }

    private func listen(to task: URLSessionWebSocketTask) async {
        while task === socket, let message = try? await task.receive() {
            if case .string(let text) = message, task === socket { receive(Data(text.utf8)) }
        }
        guard task === socket else { return }
        if task.closeCode.rawValue == 4401 {
            token = nil
            lastSeq = 0
        }
        drop()
        guard wanted, task.closeCode.rawValue != 4403 else { return }
        let longest = min(30, pow(2, Double(attempt)))
        attempt += 1
        try? await Task.sleep(nanoseconds: UInt64(Double.random(in: 0...longest) * 1e9))
        if wanted && socket == nil { connect() }
    }

    private func ping(_ task: URLSessionWebSocketTask) async {
        while task === socket {
            try? await Task.sleep(nanoseconds: 30_000_000_000)
            if task === socket && welcomed { write(["t": "ping"]) }
        }
    }

    private func receive(_ data: Data) {
        guard let frame = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else { return }
        switch frame["t"] as? String {
        case "welcome":
            token = frame["token"] as? String
            welcomed = true
            attempt = 0
            sendIdentity()
            flush()
        case "ack":
            waiting.removeAll { $0.id == frame["id"] as? String }
            onStored(frame["id"] as? String ?? "")
            flush()
        case "msg":
            guard let message = try? JSONDecoder().decode(QiaoMessage.self, from: data) else { return }
            if message.seq == 1 { lastSeq = 0 }  // a new conversation
            lastSeq = max(lastSeq, message.seq)
            onMessage(message)
            if message.author != "customer" { write(["t": "got", "seq": lastSeq]) }
        default:
            break  // typing, read, state …
        }
    }

    /// One at a time and in order; again with the next connection until it is acknowledged.
    private func flush() {
        guard welcomed, let next = waiting.first else { return }
        write(["t": "msg", "id": next.id, "text": next.text])
    }

    private func sendIdentity() {
        if let identity { write(["t": "identify", "id": UUID().uuidString, "identity": identity]) }
        identity = nil
    }

    private func write(_ frame: [String: Any]) {
        guard let data = try? JSONSerialization.data(withJSONObject: frame) else { return }
        socket?.send(.string(String(decoding: data, as: UTF8.self))) { _ in }
    }

    private func drop() {
        socket?.cancel(with: .normalClosure, reason: nil)
        socket = nil
        welcomed = false
    }
}
