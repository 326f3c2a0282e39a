// The chat protocol in Kotlin, to start from: connects, resumes, sends each message until it is stored, confirms what has arrived,
// registers the device. Android with OkHttp; call it from one thread. docs/reference/chat-protocol.md is the whole of it.
package com.example.shop.chat

import android.content.SharedPreferences
import android.os.Handler
import android.os.Looper
import java.util.Locale
import java.util.TimeZone
import java.util.UUID
import java.util.concurrent.TimeUnit
import kotlin.math.max
import kotlin.math.min
import kotlin.random.Random
import okhttp3.Callback
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import okhttp3.WebSocket
import okhttp3.WebSocketListener
import org.json.JSONObject

class QiaoChat(
    private val hub: String, // "https://chat.example.com"
    private val site: String,
    private val kept: SharedPreferences,
    private val onMessage: (JSONObject) -> Unit,
    private val onStored: (id: String) -> Unit = {},
) {
    private val http = OkHttpClient.Builder().readTimeout(0, TimeUnit.SECONDS).build()
    private val main = Handler(Looper.getMainLooper())
    private val waiting = ArrayDeque<Pair<String, String>>() // keep it in your database to survive a restart of the app
    private var socket: WebSocket? = null
    private var identity: String? = null
    private var lastSeq = 0L
    private var attempt = 0
    private var wanted = false
    private var welcomed = false

    private var token: String?
        get() = kept.getString("qiao.$site.token", null)
        set(value) = kept.edit().putString("qiao.$site.token", value).apply()

    /** What your server signed: PAYLOAD.SIGNATURE or a JWT. */
    fun identify(signed: String) {
        identity = signed
        if (welcomed) sendIdentity()
    }

    /** The app comes to the front. */
    fun start() {
        wanted = true
        if (socket == null) connect()
    }

    /** The app goes to the background: from now on the device is woken. */
    fun stop() {
        wanted = false
        drop()
    }

    fun send(text: String) {
        waiting.addLast(UUID.randomUUID().toString() to text)
        flush()
    }

    /** Everything up to `seq` is on the screen. */
    fun markRead(seq: Long) = write(JSONObject().put("t", "read").put("seq", seq))

    /** `provider`: fcm, jpush or getui; at every start, and when the platform gives another token. */
    fun register(provider: String, deviceToken: String, done: Callback) {
        val body = JSONObject().put("provider", provider).put("token", deviceToken)
            .put("language", Locale.getDefault().toLanguageTag())
            .put("utc_offset", TimeZone.getDefault().getOffset(System.currentTimeMillis()) / 60_000)
        val request = Request.Builder().url("$hub/api/v1/visitor/device")
            .header("Authorization", "Bearer ${token ?: return}")
            .put(body.toString().toRequestBody("application/json".toMediaType()))
            .build()
        http.newCall(request).enqueue(done)
    }

    private fun connect() {
        val address = hub.replaceFirst("http", "ws") + "/api/v1/visitor"
        val mine = http.newWebSocket(Request.Builder().url(address).build(), object : WebSocketListener() {
            override fun onOpen(webSocket: WebSocket, response: Response) = ifMine(webSocket) { hello() }
            override fun onMessage(webSocket: WebSocket, text: String) = ifMine(webSocket) { receive(JSONObject(text)) }
            override fun onClosing(webSocket: WebSocket, code: Int, reason: String) = ifMine(webSocket) { closed(code) }
            override fun onFailure(webSocket: WebSocket, t: Throwable, response: Response?) = ifMine(webSocket) { closed(1006) }
        })
        socket = mine
        ping(mine)
    }

    private fun ifMine(webSocket: WebSocket, work: () -> Unit) {
        main.post { if (webSocket === socket) work() }
    }

    private fun hello() {
        val frame = JSONObject().put("t", "hello").put("site", site).put("receipts", true)
            .put("language", Locale.getDefault().toLanguageTag())
        token?.let { frame.put("token", it) }
        if (lastSeq > 0) frame.put("last_seq", lastSeq)
        write(frame)
    }

    private fun receive(frame: JSONObject) {
        when (frame.optString("t")) {
            "welcome" -> {
                token = frame.getString("token")
                welcomed = true
                attempt = 0
                sendIdentity()
                flush()
            }
            "ack" -> {
                waiting.removeAll { it.first == frame.getString("id") }
                onStored(frame.getString("id"))
                flush()
            }
            "msg" -> {
                val seq = frame.getLong("seq")
                lastSeq = if (seq == 1L) 1 else max(lastSeq, seq) // 1: a new conversation
                onMessage(frame)
                if (frame.getString("author") != "customer") write(JSONObject().put("t", "got").put("seq", lastSeq))
            }
        }
    }

    private fun closed(code: Int) {
        drop()
        if (code == 4401) {
            token = null
            lastSeq = 0
        }
        if (!wanted || code == 4403) return
        val longest = min(30_000L, 1000L shl min(attempt++, 5))
        main.postDelayed({ if (wanted && socket == null) connect() }, Random.nextLong(longest + 1))
    }

    private fun ping(mine: WebSocket) {
        main.postDelayed({
            if (mine === socket) {
                if (welcomed) write(JSONObject().put("t", "ping"))
                ping(mine)
            }
        }, 30_000)
    }

    /** One at a time and in order; again with the next connection until it is acknowledged. */
    private fun flush() {
        if (!welcomed) return
        val (id, text) = waiting.firstOrNull() ?: return
        write(JSONObject().put("t", "msg").put("id", id).put("text", text))
    }

    private fun sendIdentity() {
        identity?.let { write(JSONObject().put("t", "identify").put("id", UUID.randomUUID().toString()).put("identity", it)) }
        identity = null
    }

    private fun write(frame: JSONObject) {
        socket?.send(frame.toString())
    }

    private fun drop() {
        socket?.close(1000, null)
        socket = null
        welcomed = false
    }
}
