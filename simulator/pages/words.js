// Every word of the cabinet view in both languages, and who listens when the language changes.

const WORDS = {
  vi: {
    title: "Tủ hồ sơ 24/7 · mô phỏng",
    hint: "Bấm vào cửa để kéo ra hoặc đóng lại",
    seeThrough: "Nhìn xuyên cửa",
    other: "English",
    lost: "Mất kết nối với tủ mô phỏng, đang nối lại…",
    cabinet: "Tủ",
    sign: "TỦ HỒ SƠ 24/7",
    place: (id) => `Trả kết quả · Nhận hồ sơ · ${id}`,
    screen: "Chạm để bắt đầu",
    openKiosk: "Mở màn hình kiosk",
    phone: "Điện thoại của người dân",
    sender: "Tin nhắn",
    whose: "Điện thoại của",
    noMessages: "Chưa có tin nhắn nào.",
    copied: (code) => `Đã chép mã ${code}`,
    copy: "Chép mã",
    faults: "Hỏng hóc",
    door: (n) => `Ngăn ${n}`,
    doorFacts: (d) => `Cỡ ${d.size} · cao ${d.height_cm} cm · mạch ${d.board}${d.near_keypad ? " · gần bàn phím" : ""}`,
    choose: "Bấm vào một cửa để xem và làm hỏng nó.",
    position: { closed: "đóng", ajar: "hé mở", open: "mở" },
    reads: { closed: "cảm biến báo đóng", open: "cảm biến báo mở" },
    current: "khoá đang có điện",
    holds: (n) => `${n} phong bì`,
    pull: "Kéo cửa",
    push: "Đóng cửa",
    put: "Bỏ vào",
    take: "Lấy ra",
    force: "Mở bằng chìa",
    locked: (n) => `Ngăn ${n} khoá. Tay còn giữ cửa 3 giây.`,
    took: (what) => `Đã lấy ra: ${what}`,
    nothing: "Ngăn không có gì.",
    envelope: "Phong bì",
    sensor: "Cảm biến",
    lock: "Khoá",
    mend: "Sửa hết",
    boards: "Mạch rơ-le",
    lines: "Đường dây",
    unit: (b) => `${b.profile}, địa chỉ ${b.unit_id}`,
    asked: (n) => `${n.toLocaleString("vi")} lệnh`,
    relays: "Rơ-le",
    inputs: "Đầu vào",
    fault: {
      stuck_closed: "kẹt «đóng»", stuck_open: "kẹt «mở»", broken_wire: "đứt dây", bouncing: "chập chờn",
      jammed: "kẹt chốt", weak: "khoá yếu", worn: "lò xo mỏi", swapped: "tráo dây khoá",
      dead: "mất điện", stuck_coil: "dính rơ-le", stray_coil: "tự đóng điện", linkage: "chế độ liên kết",
      unplug: "rút dây", late: "trả lời muộn", lost: "mất trả lời", unheard: "mất lệnh", cut: "đứt quãng",
      split: "ngắt đôi", stray: "byte lạ trước", stray_after: "byte lạ sau", garbled: "sai CRC",
      foreign: "địa chỉ lạ", exception: "báo lỗi", echo: "vọng lại",
    },
    coil: "Rơ-le",
    times: "Số lần",
    swapWith: "với ngăn",
    waiting: (list) => `Đang chờ: ${list}`,
    unplugged: "đã rút",
  },
  en: {
    title: "24/7 dossier cabinet · simulated",
    hint: "Click a door to pull it open or push it shut",
    seeThrough: "See through doors",
    other: "Tiếng Việt",
    lost: "The simulated cabinet does not answer, trying again…",
    cabinet: "Cabinet",
    sign: "DOSSIER CABINET 24/7",
    place: (id) => `Results out · Dossiers in · ${id}`,
    screen: "Touch to begin",
    openKiosk: "Open the kiosk screen",
    phone: "The citizen's phone",
    sender: "Messages",
    whose: "Phone of",
    noMessages: "No message yet.",
    copied: (code) => `Code ${code} copied`,
    copy: "Copy the code",
    faults: "Faults",
    door: (n) => `Compartment ${n}`,
    doorFacts: (d) => `Size ${d.size} · ${d.height_cm} cm high · board ${d.board}${d.near_keypad ? " · near the keypad" : ""}`,
    choose: "Click a door to look at it and to break it.",
    position: { closed: "closed", ajar: "ajar", open: "open" },
    reads: { closed: "sensor says closed", open: "sensor says open" },
    current: "the lock has current",
    holds: (n) => (n === 1 ? "1 envelope" : `${n} envelopes`),
    pull: "Pull",
    push: "Push shut",
    put: "Put in",
    take: "Take out",
    force: "Open with the key",
    locked: (n) => `Compartment ${n} is locked. The hand keeps pulling for 3 s.`,
    took: (what) => `Taken out: ${what}`,
    nothing: "The compartment is empty.",
    envelope: "Envelope",
    sensor: "Sensor",
    lock: "Lock",
    mend: "Mend all",
    boards: "Relay boards",
    lines: "Lines",
    unit: (b) => `${b.profile}, unit ${b.unit_id}`,
    asked: (n) => `${n.toLocaleString("en")} requests`,
    relays: "Relays",
    inputs: "Inputs",
    fault: {
      stuck_closed: "stuck closed", stuck_open: "stuck open", broken_wire: "broken wire", bouncing: "bouncing",
      jammed: "jammed", weak: "weak", worn: "worn spring", swapped: "swapped wires",
      dead: "no power", stuck_coil: "stuck coil", stray_coil: "stray coil", linkage: "linkage mode",
      unplug: "unplug", late: "late", lost: "reply lost", unheard: "unheard", cut: "cut", split: "split",
      stray: "stray byte", stray_after: "stray after", garbled: "bad CRC", foreign: "foreign id",
      exception: "exception", echo: "echo",
    },
    coil: "Coil",
    times: "Times",
    swapWith: "with",
    waiting: (list) => `Waiting: ${list}`,
    unplugged: "unplugged",
  },
};

let language = localStorage.getItem("language") === "en" ? "en" : "vi";
const asked = new URLSearchParams(location.search).get("lang");
if (asked in WORDS) language = asked;

export const words = () => WORDS[language];
export const tongue = () => language;

export function label() {
  document.documentElement.lang = language;
  document.title = words().title;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words()[place.dataset.word];
  const button = document.getElementById("language");
  button.textContent = words().other;
  button.lang = language === "vi" ? "en" : "vi";
}

export function switchLanguage() {
  language = language === "vi" ? "en" : "vi";
  localStorage.setItem("language", language);
  label();
}
