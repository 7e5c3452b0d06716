#!/usr/bin/env python3
"""validate.py DISC.IMG, by docs/formats.md alone, with Python and openssl. Exit status 0: it is whole; 2: it is not."""
import base64, collections, hashlib, json, os, struct, subprocess, sys, tempfile
SECTOR, SIGN = 2048, {0x47, 0x55, 0x56, 0x6A}  # SIGN: commands of a YubiHSM 2 that sign

def need(ok, what):
    if not ok: raise ValueError(what)
def sha(data): return hashlib.sha256(data).hexdigest()
def canonical(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()  # RFC 8785, ASCII names, integers
def both(b, at):
    need(b[at:at + 4] == b[at + 4:at + 8][::-1], "both-endian numbers differ")
    return struct.unpack_from("<I", b, at)[0]

def records(img, sector, size):  # Rock Ridge name, sector, size, is-a-directory of each record
    area, at = img[sector * SECTOR:sector * SECTOR + size], 0
    while at < len(area):
        rec = area[at:at + area[at]]
        if not rec:  # no record crosses a sector's end
            at += SECTOR - at % SECTOR; continue
        name, use = b"", rec[33 + rec[32] + (rec[32] + 1) % 2:]
        while len(use) > 4 and use[2] >= 4:
            name, use = name + (use[5:use[2]] if use[:2] == b"NM" else b""), use[use[2]:]
        if rec[33:33 + rec[32]] not in (b"\0", b"\1"):
            yield name.decode(), both(rec, 2), both(rec, 10), bool(rec[25] & 2)
        at += area[at]

def read_session(img, start):
    pvd = img[(start + 16) * SECTOR:(start + 17) * SECTOR]
    need(pvd[:7] == b"\1CD001\1", "no volume descriptor")
    mark, mode, archive = pvd[190:318].decode().rstrip().split("_")
    dirs, end, stop = {}, 0, start + both(pvd, 80)
    need(mark == "ANODIZE" and stop * SECTOR <= len(img), "not a whole session")
    for name, sector, size, is_dir in records(img, both(pvd, 158), both(pvd, 166)):
        need(is_dir and name not in dirs, "stray file " + name)
        dirs[name] = {}
        for file, at, length, inner in records(img, sector, size):
            need(not inner and file not in dirs[name], "stray " + file)
            dirs[name][file] = img[at * SECTOR:at * SECTOR + length]
            end = max(end, at * SECTOR + length)
    need(not (img[end:stop * SECTOR] + img[start * SECTOR:(start + 16) * SECTOR]).strip(b"\0"), "padding is not empty")
    return {"start": start, "stop": stop, "sha256": sha(img[start * SECTOR:stop * SECTOR]), "dirs": dirs,
            "volume": (mode.lower(), archive.lower(), int(pvd[40:72].decode().rstrip().split("_")[-1]))}

def find_sessions(img):
    need(len(img) % SECTOR == 0, "the image ends inside a sector")
    sessions, stray, at = [], [], 0
    while at < len(img) // SECTOR:
        if img[at * SECTOR:(at + 1) * SECTOR].strip(b"\0"):
            try:
                sessions.append(read_session(img, at - 16))
                at = sessions[-1]["stop"] - 1
            except (ValueError, struct.error, IndexError): stray.append(at)
        at += 1
    return sessions, stray

def tree(leaves):  # RFC 6962 section 2.1; a log is never empty
    if len(leaves) == 1: return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()
def head(log): return tree([hashlib.sha256(b"\0" + r["line"]).digest() for r in log]).hex()
def read_log(raw, profile):
    need(raw.endswith(b"\n"), "the log was cut")
    log, prev, time = [], sha(profile), ""
    for n, line in enumerate(raw[:-1].split(b"\n")):
        rec = json.loads(line)
        need(canonical(rec) == line, f"line {n + 1} is not canonical")
        need(list(rec) == ["data", "event", "hash", "prev_hash", "seq", "time"], f"line {n + 1}: members")
        need(rec["seq"] == n and rec["prev_hash"] == prev and rec["time"] >= time and (rec["event"] == "archive.genesis") == (n == 0), f"line {n + 1}: chain")
        prev, time = rec.pop("hash"), rec["time"]
        need(sha(canonical(rec)) == prev, f"line {n + 1}: hash")
        log.append({**rec, "hash": prev, "line": line})
    return log

class Replay:  # what the log amounts to: s is the members of STATE.JSON
    def __init__(self, profile, tmp):
        self.s = dict(archive="", mode="", profile_sha256=sha(profile), tree_size=0, tree_root="", last_hash=sha(profile), sessions=0,
                      last_session="", unreported="", open_intent="", root_certificate_sha256="", intermediates=0, serials=[],
                      crl_number=0, crl_sha256="", crl_intended=0, key=None, roster=None, share_generation=0, hsm_fleet=[])
        self.root, self.intent, self.joins, self.excess, self.entry, self.moved = os.path.join(tmp, "root.pem"), {}, [], False, {}, False
        self.at, self.signed, self.excused = "", collections.Counter(), collections.Counter()  # the ceremony's HSM; signatures and stopped ceremonies by HSM
    def hsm(self, serial): return [h for h in self.s["hsm_fleet"] + self.joins if h["serial"] == serial][0]
    def opens(self, serial, *generations): self.hsm(serial)["generations"] = sorted(set(generations))
    def apply(self, rec, files):
        s, d, event = self.s, rec["data"], rec["event"]
        self.moved = event == "disc.migrated" or self.moved and event != "ceremony.begin"
        if event in ("hsm.bootstrapped", "hsm.login", "hsm.log", "key.generated", "key.attested", "certificate.issued", "crl.issued"):
            need(s["open_intent"] and not s["unreported"], event + " before its intent was read back")
        if event in ("archive.genesis", "shares.committed"):
            s.update({name: d[name] for name in ("archive", "mode", "roster") if name in d})
            [self.opens(h, d["roster"]["generation"], *self.hsm(h)["generations"]) for h in d.get("hsms", []) if "absent" in self.intent]
        elif event.startswith("intent.") and event != "intent.abandoned": self.intend(d)
        elif event == "ceremony.begin": self.at = d["hsm"]["serial"]
        elif event == "hsm.bootstrapped":
            opens, serial = [s["roster"]["generation"]] if "set" in self.intent else self.hsm(self.at)["generations"], d["hsm"]["serial"]
            self.joins = [{**d["hsm"], "generations": opens, "last_log_number": 0, "last_log_digest": ""}]
            s["hsm_fleet"], self.entry = self.joins if "set" in self.intent else s["hsm_fleet"], {**self.entry, **{serial: None for step in d["steps"] if step["name"] == "reset"}}
        elif event == "hsm.login":
            need(d["generation"] in self.hsm(d["serial"])["generations"], "shares that do not open the HSM")
            self.opens(d["serial"], d["generation"])
        elif event == "hsm.retired": s["hsm_fleet"].remove(self.hsm(d["serial"]))
        elif event in ("key.generated", "key.copied"):
            key = {"label": d["label"], "spec": d["spec"], "spki_sha256": sha(base64.b64decode(d["spki"]))}
            need("from" not in d or key.items() <= s["key"].items(), "another key was copied")
            s["key"], s["hsm_fleet"] = s["key"] if "from" in d else {**key, "hsm": d["serial"], "id": d["id"]}, s["hsm_fleet"] + self.joins * ("from" in d)
        elif event == "key.attested":  # whether the device is genuine, only its maker's root tells
            key, device = (openssl(base64.b64decode(c), "x509", "-inform", "DER") for c in d["chain"])
            spki = base64.b64decode(b"".join(openssl(key, "x509", "-noout", "-pubkey").split(b"\n")[1:-2]))
            need(sha(spki) == s["key"]["spki_sha256"] and open(self.root + ".hsm", "wb").write(device), "another key is attested")
            openssl(key, "verify", "-no_check_time", "-partial_chain", "-trusted", self.root + ".hsm")
        elif event in ("certificate.issued", "crl.issued", "hsm.log"):
            self.issued(event, d, files[d["file"]]) if "file" in d else self.device_log(d)
        elif event in ("ceremony.end", "intent.abandoned"):
            need(d.get("outcome") != "done" or not self.excess, "the HSM signed what is not on record")
            self.excused[self.at] += d.get("outcome") != "done"  # stopped, or abandoned
            s["open_intent"], self.excess, self.joins = "", False, []
        elif event == "session.verified": s["unreported"] = s["unreported"].replace(d["directory"], "")
        elif event == "session.close":
            need(self.moved or not s["open_intent"] or "last_hash" not in self.intent, "a marked disc takes no more sessions")
            s["sessions"], s["last_session"], s["unreported"] = s["sessions"] + 1, d["directory"], d["directory"]
            s["open_intent"] = d["directory"] if d["directory"].endswith("-intent") else s["open_intent"]
        s["tree_size"], s["last_hash"] = s["tree_size"] + 1, rec["hash"]
    def intend(self, d):
        s, self.intent, number = self.s, d, d.get("crl_number", d.get("number"))
        need(all(x["serial"] != d.get("serial") for x in s["serials"]), "a serial number twice")
        s["serials"] += [{"serial": d["serial"], "issued": False}] if "serial" in d else []
        need(number is None or number > max(s["crl_intended"], s["crl_number"]), "a CRL number that does not rise")
        s["crl_intended"], s["share_generation"] = number or s["crl_intended"], d["generation"] if "set" in d else s["share_generation"]
        if "generation" in d and "set" not in d: self.opens(d["hsm"]["serial"], d["generation"], *self.hsm(d["hsm"]["serial"])["generations"])
        need("csr" not in d or b"verify OK" in openssl(base64.b64decode(d["csr"]), "req", "-inform", "DER", "-noout", "-verify"), "CSR")
    def issued(self, event, d, der):
        s, self.signed[self.at] = self.s, self.signed[self.at] + 1
        need(sha(der) == d["sha256"], d["file"] + " is not the one on record")
        need(base64.b64decode(self.intent.get("tbs", "")) in der, d["file"] + ": not the intended bytes")
        pem = openssl(der, "crl" if event == "crl.issued" else "x509", "-inform", "DER")
        if event == "crl.issued":
            need(b"verify OK" in openssl(pem, "crl", "-noout", "-CAfile", self.root), "the CRL's signature")
            need(int(openssl(pem, "crl", "-noout", "-crlnumber").decode().split("=")[1].strip(), 16) == d["number"] == s["crl_intended"] > s["crl_number"], "the CRL's number")
            return s.update(crl_number=d["number"], crl_sha256=d["sha256"])
        need(openssl(pem, "x509", "-noout", "-serial").decode().strip().split("=")[1].lower() == d["serial"] == self.intent["serial"], "not the intended serial number")
        s["serials"][-1]["issued"], s["intermediates"] = True, s["intermediates"] + (d["kind"] == "intermediate")
        if d["kind"] == "root":
            need(not s["root_certificate_sha256"] and open(self.root, "wb").write(pem), "a second root")
            s["root_certificate_sha256"] = d["sha256"]
        openssl(pem, "verify", "-no_check_time", "-CAfile", self.root)
    def device_log(self, d):
        last, signatures = self.entry.get(d["serial"]), 0
        for raw in map(bytes.fromhex, d["entries"]):
            need(last is None or raw[16:] == hashlib.sha256(raw[:16] + last[16:]).digest()[:16], "the HSM's log is not a chain")
            signatures, last = signatures + (raw[2] in SIGN and raw[11] == raw[2] | 0x80), raw
        need(last is None or last[16:].hex() == d["last_digest"], "last_digest")
        signed, stopped = self.signed.pop(d["serial"], 0), self.excused.pop(d["serial"], 0)
        need(signatures >= signed, "the HSM did not sign all that is on record")
        self.excess, self.entry[d["serial"]] = self.excess or signatures > signed and not stopped, last
        self.hsm(d["serial"]).update(last_log_number=d["last_number"], last_log_digest=d["last_digest"])

def openssl(data, *args):
    done = subprocess.run(["openssl", *args], input=data, capture_output=True)
    need(done.returncode == 0, f"openssl {args}: {done.stderr}")
    return done.stdout if args[-1] == "DER" else done.stdout + done.stderr

def validate(img, tmp):
    sessions, stray = find_sessions(img)
    dirs, names = sessions[-1]["dirs"], list(sessions[-1]["dirs"])
    profile = dirs[names[0]]["PROFILE.TOML"]
    log = read_log(dirs[names[-1]]["AUDIT.LOG"], profile)
    closes, moved = [r for r in log if r["event"] == "session.close"], max((r["seq"] for r in log if r["event"] == "disc.migrated"), default=0)
    before, voids = sum(c["seq"] < moved for c in closes), [r["data"]["address"] for r in log[moved:] if r["event"] == "session.void"]
    sessions = [s for s in sessions if list(s["dirs"])[-1] in names or s["start"] not in voids]
    need(all(any(max([0] + [s["stop"] for s in sessions if s["start"] <= at]) <= v <= at for v in voids) for at in stray), "a stray sector")
    need(len(sessions) + before == len(names) == len(closes) and log[-1] is closes[-1], "sessions, directories and session.close")
    need(names == sorted(names) == [c["data"]["directory"] for c in closes], "names of directories")
    genesis, replay = log[0]["data"], Replay(profile, tmp)
    for n, s in enumerate(sessions, before):
        need(s["dirs"] == {name: dirs[name] for name in names[:n + 1]}, f"session {n + 1}: copies differ")
        need(s["volume"] == (genesis["mode"], genesis["archive"], n + 1) and s["start"] not in voids, f"session {n + 1}: volume")
    for n, rec in enumerate(log):
        d, files = rec["data"], dirs[names[replay.s["sessions"]]]
        if rec["event"] == "session.close":
            replay.s["tree_root"] = head(log[:n])
            whole = {"STATE.JSON": canonical(replay.s) + b"\n", "AUDIT.LOG": b"".join(r["line"] + b"\n" for r in log[:n + 1])}
            need(whole.items() <= files.items(), f"record {n}: STATE.JSON, AUDIT.LOG")
            need(d["files"] == [{"name": f, "size": len(files[f]), "sha256": sha(files[f])} for f in sorted(files) if f != "AUDIT.LOG"], f"record {n}: files")
        elif rec["event"] == "head.compared":
            need(0 < d["size"] <= n and head(log[:d["size"]]) == d["root"], f"record {n}: head")
        elif rec["event"] in ("disc.migrated", "intent.migrate-disc"):
            need((d["sessions"], d["last_hash"]) == (replay.s["sessions"], closes[d["sessions"] - 1]["hash"]), f"record {n}: what is carried")
        elif rec["event"] == "record.made":
            need(log[n - 1]["event"] == "ceremony.end" and (len(files[d["file"]]), sha(files[d["file"]])) == (d["size"], d["sha256"]), f"record {n}")
        elif rec["event"] == "session.verified" and names.index(d["directory"]) >= before:
            s = sessions[names.index(d["directory"]) - before]
            need((s["start"], s["stop"] - s["start"], s["sha256"]) == (d["address"], d["blocks"], d["sha256"]), f"record {n}: read-back")
        replay.apply(rec, files)
    print(f"whole: {len(sessions)} sessions, head {len(log)}:{head(log)}")
def main(path):
    try:
        with open(path, "rb") as image, tempfile.TemporaryDirectory() as scratch:
            return validate(image.read(), scratch)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as why:
        return print("damaged:", repr(why)) or 2
if __name__ == "__main__": sys.exit(main(sys.argv[1]))
