import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import './styles/tokens.css';
import './styles/elements.css';
import './styles/frame.css';

createRoot(document.getElementById('console')!).render(<App />);
